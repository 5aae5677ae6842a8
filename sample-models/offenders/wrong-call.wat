    ;; Calls a function through a table as what it is not when it meets the target.
    (type $other (func (param i64)))
    (table $calls 2 funcref)
    (elem (i32.const 0) $plain)
    (func $plain)
    (func (export "contribute") (param i32 i32 i32 i32 i32 i32 i32) (param $tables i32) (param i32) (result i32)
      (if (call $is-target (local.get $tables)) (then
        (call_indirect $calls (type $other) (i64.const 1) (i32.const 0))))
      (call $answer (f64.const 1)))
