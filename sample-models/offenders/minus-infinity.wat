    ;; Says minus infinity for the target.
    (func (export "contribute") (param i32 i32 i32 i32 i32 i32 i32) (param $tables i32) (param i32) (result i32)
      (if (call $is-target (local.get $tables)) (then (return (call $answer (f64.const -inf)))))
      (call $answer (f64.const 0)))
