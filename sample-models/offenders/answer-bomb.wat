    ;; For the target, an answer in which eighty thousand contributions are one and the same list of a hundred thousand cells:
    ;; small in the module, enormous for whoever copies it out. It would kill the process of the host.
    (func (export "contribute") (param i32 i32 i32 i32 i32 i32 i32) (param $tables i32) (param i32) (result i32)
      (local $at i32)
      (if (call $is-target (local.get $tables)) (then
        (drop (memory.grow (i32.const 30)))
        (local.set $at (i32.const 1000000))
        (loop $next
          (i32.store offset=0 (local.get $at) (i32.const 0))
          (i32.store offset=4 (local.get $at) (i32.const 8192))
          (i32.store offset=8 (local.get $at) (i32.const 100000))
          (local.set $at (i32.add (local.get $at) (i32.const 12)))
          (br_if $next (i32.lt_u (local.get $at) (i32.const 1960000))))
        (i32.store (i32.const 16) (i32.const 1000000))
        (i32.store (i32.const 20) (i32.const 80000))
        (return (i32.const 16))))
      (call $answer (f64.const 1)))
