    ;; Says that its answer lies at an odd address when it meets the target.
    (func (export "contribute") (param i32 i32 i32 i32 i32 i32 i32) (param $tables i32) (param i32) (result i32)
      (if (call $is-target (local.get $tables)) (then
        (return (i32.const 17))))
      (call $answer (f64.const 1)))
