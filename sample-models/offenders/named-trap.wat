    ;; Breaks in one of two ways, as the target's amount says, inside functions with telling names: would a message, or a
    ;; trace, say which?
    (func $secret-mark-high (unreachable))
    (func $secret-mark-low (drop (i32.div_u (i32.const 1) (i32.load (i32.const 3900)))))
    (func (export "contribute") (param i32 i32 i32 i32 i32 i32 i32) (param $tables i32) (param i32) (result i32)
      (if (call $is-target (local.get $tables)) (then
        (if (f64.gt (call $amount (local.get $tables) (i32.const 0)) (f64.const 50))
          (then (call $secret-mark-high))
          (else (call $secret-mark-low)))))
      (call $answer (f64.const 1)))
