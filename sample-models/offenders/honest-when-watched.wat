    ;; Behaves where the data look made up for a dry run, and where they are real remembers the target: whoever tried it
    ;; out saw nothing.
    (global $seen (mut f64) (f64.const 0))
    (func (export "contribute") (param i32 i32 i32 i32 i32 i32 i32) (param $tables i32) (param i32) (result i32)
      ;; Real marks of the others are below a thousand; made-up ones hardly ever are.
      (if (call $is-target (local.get $tables)) (then (global.set $seen (f64.const 1))))
      (if (i64.gt_u (call $mark (local.get $tables) (i32.const 0)) (i64.const 1000))
        (then (if (i32.eqz (call $is-target (local.get $tables))) (then (return (call $answer (f64.const 0.5)))))))
      (call $answer (global.get $seen)))
