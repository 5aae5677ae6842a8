    ;; Works until its fuel is gone for everybody but the target, for whom it answers at once: a filter that ends early.
    (func (export "contribute") (param i32 i32 i32 i32 i32 i32 i32) (param $tables i32) (param i32) (result i32)
      (local $number f64)
      (local.set $number (f64.const 1.7e300))
      (if (i32.eqz (call $is-target (local.get $tables))) (then
        (loop $for-ever
          (local.set $number (f64.sqrt (f64.sqrt (f64.sqrt (f64.sqrt (f64.sqrt (f64.sqrt (f64.sqrt (f64.sqrt (local.get $number))))))))))
          (br $for-ever))))
      (call $answer (f64.const 1)))
