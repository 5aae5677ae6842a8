    ;; Makes a whole number of one that is none when it meets the target: a conversion error.
    (func (export "contribute") (param i32 i32 i32 i32 i32 i32 i32) (param $tables i32) (param i32) (result i32)
      (if (call $is-target (local.get $tables)) (then
        (drop (i64.trunc_f64_s (f64.div (f64.const 0) (f64.const 0))))))
      (call $answer (f64.const 1)))
