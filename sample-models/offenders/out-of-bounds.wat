    ;; Reads beyond the end of its memory when it meets the target.
    (func (export "contribute") (param i32 i32 i32 i32 i32 i32 i32) (param $tables i32) (param i32) (result i32)
      (if (call $is-target (local.get $tables)) (then
        (drop (i32.load (i32.const 0x7fffffff)))))
      (call $answer (f64.const 1)))
