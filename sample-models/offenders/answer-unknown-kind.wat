    ;; Answers with a kind of contribution that the contract does not know when it meets the target.
    (func (export "contribute") (param i32 i32 i32 i32 i32 i32 i32) (param $tables i32) (param i32) (result i32)
      (if (call $is-target (local.get $tables)) (then
        (drop (call $answer (f64.const 1)))
        (i32.store (i32.const 32) (i32.const 200))
        (return (i32.const 16))))
      (call $answer (f64.const 1)))
