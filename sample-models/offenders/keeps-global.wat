    ;; Remembers in a global that it has seen the target, and lets everybody who comes later say so.
    (global $seen (mut f64) (f64.const 0))
    (func (export "contribute") (param i32 i32 i32 i32 i32 i32 i32) (param $tables i32) (param i32) (result i32)
      (if (call $is-target (local.get $tables)) (then (global.set $seen (f64.const 1))))
      (call $answer (global.get $seen)))
