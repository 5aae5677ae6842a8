    ;; Grows a table far beyond what is allowed when it meets the target, and breaks if it could not.
    (table $room 1 funcref)
    (func (export "contribute") (param i32 i32 i32 i32 i32 i32 i32) (param $tables i32) (param i32) (result i32)
      (if (call $is-target (local.get $tables)) (then
        (if (i32.eq (table.grow $room (ref.null func) (i32.const 1000000)) (i32.const -1)) (then (unreachable)))))
      (call $answer (f64.const 1)))
