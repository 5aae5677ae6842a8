    ;; Says a thousand ones for the target in a vector whose length as a whole may be one.
    (func (export "contribute") (param i32 i32 i32 i32 i32 i32 i32) (param $tables i32) (param i32) (result i32)
      (local $entry i32)
      (if (call $is-target (local.get $tables)) (then
        (loop $next
          (f64.store offset=40960 (i32.mul (local.get $entry) (i32.const 8)) (f64.const 1))
          (local.set $entry (i32.add (local.get $entry) (i32.const 1)))
          (br_if $next (i32.lt_u (local.get $entry) (i32.const 1000))))))
      (call $cells (i32.const 40960) (i32.const 1000)))
