    ;; Grows its memory for everybody and leaves a mark in the new pages when it meets the target: are the pages that the
    ;; next one gets clean?
    (func (export "contribute") (param i32 i32 i32 i32 i32 i32 i32) (param $tables i32) (param i32) (result i32)
      (if (i32.lt_u (memory.size) (i32.const 5)) (then (drop (memory.grow (i32.const 4)))))
      (if (call $is-target (local.get $tables)) (then (i32.store (i32.const 300000) (i32.const 1))))
      (call $answer (f64.convert_i32_u (i32.load (i32.const 300000)))))
