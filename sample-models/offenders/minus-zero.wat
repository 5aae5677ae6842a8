    ;; Says minus zero for the target, and zero for all others.
    (func (export "contribute") (param i32 i32 i32 i32 i32 i32 i32) (param $tables i32) (param i32) (result i32)
      (if (call $is-target (local.get $tables)) (then (return (call $answer (f64.const -0)))))
      (call $answer (f64.const 0)))
