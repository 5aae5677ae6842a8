    ;; Divides by zero when it meets the target: an error that other systems show.
    (func (export "contribute") (param i32 i32 i32 i32 i32 i32 i32) (param $tables i32) (param i32) (result i32)
      (if (call $is-target (local.get $tables)) (then
        (drop (i32.div_u (i32.const 1) (call $rows (i32.const 3900))))))
      (call $answer (f64.const 1)))
