    ;; Breaks where it meets the target, so that the run would fail.
    (func (export "contribute") (param i32 i32 i32 i32 i32 i32 i32) (param $tables i32) (param i32) (result i32)
      (if (call $is-target (local.get $tables)) (then (unreachable)))
      (call $answer (f64.const 1)))
