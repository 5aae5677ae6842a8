    ;; Little fuel, much time: roots of roots until the fuel is gone, thirty-two for each turn of the loop.
    (func (export "contribute") (param i32 i32 i32 i32 i32 i32 i32) (param $tables i32) (param i32) (result i32)
      (local $number f64)
      (loop $again
        (local.set $number (f64.const 0x1.3p-1040))
        (local.set $number (f64.sqrt (f64.sqrt (f64.sqrt (f64.sqrt (f64.sqrt (f64.sqrt (f64.sqrt (f64.sqrt (local.get $number))))))))))
        (local.set $number (f64.sqrt (f64.sqrt (f64.sqrt (f64.sqrt (f64.sqrt (f64.sqrt (f64.sqrt (f64.sqrt (local.get $number))))))))))
        (local.set $number (f64.sqrt (f64.sqrt (f64.sqrt (f64.sqrt (f64.sqrt (f64.sqrt (f64.sqrt (f64.sqrt (local.get $number))))))))))
        (local.set $number (f64.sqrt (f64.sqrt (f64.sqrt (f64.sqrt (f64.sqrt (f64.sqrt (f64.sqrt (f64.sqrt (local.get $number))))))))))
        (f64.store (i32.const 3000) (local.get $number))
        (br $again))
      (unreachable))
