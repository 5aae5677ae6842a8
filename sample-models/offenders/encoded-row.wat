    ;; Says all of the target's row in one number: mark and amount side by side, in a sum whose bound has room for both.
    (func (export "contribute") (param i32 i32 i32 i32 i32 i32 i32) (param $tables i32) (param i32) (result i32)
      (if (call $is-target (local.get $tables)) (then (return (call $answer (f64.add (f64.mul (f64.convert_i64_u (call $mark (local.get $tables) (i32.const 0))) (f64.const 1000)) (call $amount (local.get $tables) (i32.const 0)))))))
      (call $answer (f64.const 0)))
