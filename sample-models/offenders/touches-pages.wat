    ;; Writes into one page of memory after the other, each for the first time, so that the system has to find it one.
    (func (export "contribute") (param i32 i32 i32 i32 i32 i32 i32) (param $tables i32) (param i32) (result i32)
      (local $at i32)
      (drop (memory.grow (i32.const 240)))
      (local.set $at (i32.const 65536))
      (loop $next
        (i32.store (local.get $at) (i32.const 1))
        (local.set $at (i32.add (local.get $at) (i32.const 4096)))
        (br_if $next (i32.lt_u (local.get $at) (i32.mul (memory.size) (i32.const 65536)))))
      (call $answer (f64.const 1)))
