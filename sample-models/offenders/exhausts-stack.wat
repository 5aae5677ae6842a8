    ;; Calls itself until the stack is gone when it meets the target.
    (func $deeper (param $depth i64)
      (call $deeper (i64.add (local.get $depth) (i64.const 1)))
      ;; Something to do after the call, so that it needs a frame.
      (i64.store (i32.const 3000) (local.get $depth)))
    (func (export "contribute") (param i32 i32 i32 i32 i32 i32 i32) (param $tables i32) (param i32) (result i32)
      (if (call $is-target (local.get $tables)) (then
        (call $deeper (i64.const 0))))
      (call $answer (f64.const 1)))
