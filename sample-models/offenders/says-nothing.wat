    ;; Honest: everybody counts nothing.
    (func (export "contribute") (param i32 i32 i32 i32 i32 i32 i32 i32 i32) (result i32)
      (call $answer (f64.const 0)))
