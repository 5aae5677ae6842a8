    ;; Says that the target is not a number, with a message in the bits that nobody looks at.
    (func (export "contribute") (param i32 i32 i32 i32 i32 i32 i32) (param $tables i32) (param i32) (result i32)
      (if (call $is-target (local.get $tables)) (then (return (call $answer (f64.reinterpret_i64 (i64.const 0x7ff4_dead_beef_cafe))))))
      (call $answer (f64.const 0)))
