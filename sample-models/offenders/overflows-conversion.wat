    ;; Makes a whole number of infinity when it meets the target.
    (func (export "contribute") (param i32 i32 i32 i32 i32 i32 i32) (param $tables i32) (param i32) (result i32)
      (if (call $is-target (local.get $tables)) (then
        (drop (i32.trunc_f64_u (f64.div (f64.const 1) (f64.const 0))))))
      (call $answer (f64.const 1)))
