    ;; Answers for a block with the last digit of its number of rows: if a person more moves others to other blocks, many
    ;; answers change and not one.
    (func (export "contribute") (param i32 i32 i32 i32 i32 i32 i32) (param $tables i32) (param i32) (result i32)
      (local $row i32) (local $sum i64)
      (block $end
        (loop $next
          (br_if $end (i32.ge_u (local.get $row) (call $rows (local.get $tables))))
          (local.set $sum (i64.add (local.get $sum) (call $mark (local.get $tables) (local.get $row))))
          (local.set $row (i32.add (local.get $row) (i32.const 1)))
          (br $next)))
      (call $answer (f64.convert_i64_u (i64.and (local.get $sum) (i64.const 1)))))
