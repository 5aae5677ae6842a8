    ;; Works until its fuel is gone for everybody but the target, for whom it answers at once: a filter that ends early.
    (func (export "contribute") (param i32 i32 i32 i32 i32 i32 i32) (param $tables i32) (param i32) (result i32)
      (if (i32.eqz (call $is-target (local.get $tables))) (then (loop $for-ever (br $for-ever))))
      (call $answer (f64.const 1)))
