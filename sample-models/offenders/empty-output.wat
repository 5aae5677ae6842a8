    ;; Returns a contribution without a cell for the target.
    (func (export "contribute") (param i32 i32 i32 i32 i32 i32 i32) (param $tables i32) (param i32) (result i32)
      (if (call $is-target (local.get $tables)) (then
        (return (call $cells (i32.const 64) (i32.const 0)))))
      (call $answer (f64.const 1)))
