    ;; Calls an empty place of a table when it meets the target.
    (type $plain (func))
    (table $calls 2 funcref)
    (func (export "contribute") (param i32 i32 i32 i32 i32 i32 i32) (param $tables i32) (param i32) (result i32)
      (if (call $is-target (local.get $tables)) (then
        (call_indirect $calls (type $plain) (i32.const 1))))
      (call $answer (f64.const 1)))
