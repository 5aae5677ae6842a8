    ;; Returns three hundred cells where one is declared for the target.
    (func (export "contribute") (param i32 i32 i32 i32 i32 i32 i32) (param $tables i32) (param i32) (result i32)
      (if (call $is-target (local.get $tables)) (then
        (return (call $cells (i32.const 1024) (i32.const 300)))))
      (call $answer (f64.const 1)))
