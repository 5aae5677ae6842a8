    ;; Divides, the slowest thing that a processor computes, until its fuel is gone.
    (func (export "contribute") (param i32 i32 i32 i32 i32 i32 i32) (param $tables i32) (param i32) (result i32)
      (local $number i64)
      (local.set $number (i64.const 0x7fffffffffffffff))
      (loop $again
        (local.set $number (i64.or
          (i64.div_u (i64.const 0x7ffffffffffffff1) (i64.or (local.get $number) (i64.const 3)))
          (i64.const 0x7000000000000001)))
        (br $again))
      (unreachable))
