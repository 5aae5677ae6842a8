    ;; Never comes back from the target, until its fuel is gone.
    (func (export "contribute") (param i32 i32 i32 i32 i32 i32 i32) (param $tables i32) (param i32) (result i32)
      (local $number f64)
      (local.set $number (f64.const 1.7e300))
      (if (call $is-target (local.get $tables)) (then
        (loop $for-ever
          (local.set $number (f64.sqrt (f64.sqrt (f64.sqrt (f64.sqrt (f64.sqrt (f64.sqrt (f64.sqrt (f64.sqrt (local.get $number))))))))))
          (br $for-ever))))
      (call $answer (f64.const 1)))
