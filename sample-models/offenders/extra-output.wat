    ;; Returns two contributions where one is declared for the target.
    (func (export "contribute") (param i32 i32 i32 i32 i32 i32 i32) (param $tables i32) (param i32) (result i32)
      (if (call $is-target (local.get $tables)) (then
        (drop (call $answer (f64.const 1)))
        ;; The second one is a copy of the first.
        (memory.copy (i32.const 44) (i32.const 32) (i32.const 12))
        (i32.store (i32.const 20) (i32.const 2))
        (return (i32.const 16))))
      (call $answer (f64.const 1)))
