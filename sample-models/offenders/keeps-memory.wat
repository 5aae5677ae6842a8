    ;; Leaves a mark at a fixed address when it meets the target, and lets everybody who finds it say so.
    (func (export "contribute") (param i32 i32 i32 i32 i32 i32 i32) (param $tables i32) (param i32) (result i32)
      (if (call $is-target (local.get $tables)) (then (i32.store (i32.const 3000) (i32.const 1))))
      (call $answer (f64.convert_i32_u (i32.load (i32.const 3000)))))
