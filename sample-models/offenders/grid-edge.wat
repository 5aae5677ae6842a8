    ;; Says the number just above the bound for the target: does rounding to the grid end above it?
    (func (export "contribute") (param i32 i32 i32 i32 i32 i32 i32) (param $tables i32) (param i32) (result i32)
      (if (call $is-target (local.get $tables)) (then (return (call $answer (f64.const 0x1.0000000000001p+0)))))
      (call $answer (f64.const 0)))
