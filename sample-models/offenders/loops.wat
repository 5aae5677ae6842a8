    ;; Never comes back from the target, until its fuel is gone.
    (func (export "contribute") (param i32 i32 i32 i32 i32 i32 i32) (param $tables i32) (param i32) (result i32)
      (if (call $is-target (local.get $tables)) (then
        (loop $for-ever (br $for-ever))))
      (call $answer (f64.const 1)))
