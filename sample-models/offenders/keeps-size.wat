    ;; Grows its memory when it meets the target; everybody tells whether the memory is larger than at the beginning.
    (func (export "contribute") (param i32 i32 i32 i32 i32 i32 i32) (param $tables i32) (param i32) (result i32)
      (if (call $is-target (local.get $tables)) (then (drop (memory.grow (i32.const 4)))))
      (call $answer (f64.convert_i32_u (i32.gt_u (memory.size) (i32.const 4)))))
