    ;; Grows a table when it meets the target; everybody tells its size.
    (table $room 1 100 funcref)
    (func (export "contribute") (param i32 i32 i32 i32 i32 i32 i32) (param $tables i32) (param i32) (result i32)
      (if (call $is-target (local.get $tables)) (then (drop (table.grow $room (ref.null func) (i32.const 9)))))
      (call $answer (f64.convert_i32_u (i32.gt_u (table.size $room) (i32.const 1)))))
