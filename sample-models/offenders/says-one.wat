    ;; Honest: everybody counts one.
    (func (export "contribute") (param i32 i32 i32 i32 i32 i32 i32 i32 i32) (result i32)
      (call $answer (f64.const 1)))
