    ;; Little fuel, much time: one instruction fills a table, again and again until the fuel is gone.
    (table $room 1 funcref)
    (func (export "contribute") (param i32 i32 i32 i32 i32 i32 i32) (param $tables i32) (param i32) (result i32)
      (drop (table.grow $room (ref.null func) (i32.const 7000)))
      (loop $again
        (table.fill $room (i32.const 0) (ref.null func) (table.size $room))
        (br $again))
      (call $answer (f64.const 1)))
