    ;; Uses most of its fuel and memory for the target and next to nothing for all others, and answers the same: is the use of
    ;; anything shown anywhere?
    (func (export "contribute") (param i32 i32 i32 i32 i32 i32 i32) (param $tables i32) (param i32) (result i32)
      (local $left i32)
      (if (call $is-target (local.get $tables)) (then
        (drop (memory.grow (i32.const 10)))
        (local.set $left (i32.const 10000))
        (loop $next
          (local.set $left (i32.sub (local.get $left) (i32.const 1)))
          (br_if $next (local.get $left)))))
      (call $answer (f64.const 1)))
