    ;; A long vector, so that much noise has to be drawn: does the time that takes tell anything?
    (func (export "contribute") (param i32 i32 i32 i32 i32 i32 i32) (param $tables i32) (param i32) (result i32)
      (if (call $is-target (local.get $tables)) (then (f64.store (i32.const 40960) (f64.const 1))))
      (call $cells (i32.const 40960) (i32.const 1000)))
