    ;; Little fuel, much time: one instruction fills 15 MiB, again and again until the fuel is gone.
    (func (export "contribute") (param i32 i32 i32 i32 i32 i32 i32) (param $tables i32) (param i32) (result i32)
      (drop (memory.grow (i32.const 240)))
      (loop $again
        (memory.fill (i32.const 65536) (i32.const 7) (i32.const 15000000))
        (br $again))
      (call $answer (f64.const 1)))
