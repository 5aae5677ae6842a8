    ;; Returns a cell that does not exist for the target.
    (func (export "contribute") (param i32 i32 i32 i32 i32 i32 i32) (param $tables i32) (param i32) (result i32)
      (if (call $is-target (local.get $tables)) (then
        (drop (call $answer (f64.const 1)))
        (i32.store (i32.const 32) (i32.const 1))
        (i32.store (i32.const 36) (i32.const 512))
        (i32.store (i32.const 40) (i32.const 1))
        (i32.store (i32.const 512) (i32.const 999999))
        (f64.store (i32.const 520) (f64.const 1))
        (return (i32.const 16))))
      (call $answer (f64.const 1)))
