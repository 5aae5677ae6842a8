    ;; The beginning of every offender's core module. The people that the host hands over have one table with the columns
    ;; `mark` (whole numbers) and `amount` (floating point); the target is the person whose first mark is 424242.
    (memory (export "memory") 1)
    (global $next (mut i32) (i32.const 4096))
    ;; What the host writes goes to the end, and nothing is ever given back.
    (func $realloc (export "realloc") (param $old i32) (param $size-before i32) (param $align i32) (param $size i32) (result i32)
      (local $at i32)
      (local.set $at (i32.and (i32.add (global.get $next) (i32.const 15)) (i32.const -16)))
      (global.set $next (i32.add (local.get $at) (local.get $size)))
      (block $fits
        (loop $grow
          (br_if $fits (i32.le_u (global.get $next) (i32.mul (memory.size) (i32.const 65536))))
          (br_if $grow (i32.ne (memory.grow (i32.const 1)) (i32.const -1)))
          (unreachable)))
      (local.get $at))
    ;; How many rows this person has.
    (func $rows (param $tables i32) (result i32)
      (i32.load (local.get $tables)))
    ;; The mark in a row; zero where there is none.
    (func $mark (param $tables i32) (param $row i32) (result i64)
      (if (i32.ge_u (local.get $row) (call $rows (local.get $tables))) (then (return (i64.const 0))))
      (i64.load (i32.add
        (i32.load offset=4 (i32.load offset=4 (local.get $tables)))
        (i32.mul (local.get $row) (i32.const 8)))))
    ;; The amount in a row; zero where there is none.
    (func $amount (param $tables i32) (param $row i32) (result f64)
      (if (i32.ge_u (local.get $row) (call $rows (local.get $tables))) (then (return (f64.const 0))))
      (f64.load (i32.add
        (i32.load offset=28 (i32.load offset=4 (local.get $tables)))
        (i32.mul (local.get $row) (i32.const 8)))))
    ;; Whether this is the target.
    (func $is-target (param $tables i32) (result i32)
      (i64.eq (call $mark (local.get $tables) (i32.const 0)) (i64.const 424242)))
    ;; An answer with one statistic of `count` cells, dense, from wherever they lie.
    (func $cells (param $at i32) (param $count i32) (result i32)
      (i32.store (i32.const 16) (i32.const 32))
      (i32.store (i32.const 20) (i32.const 1))
      (i32.store (i32.const 32) (i32.const 0))
      (i32.store (i32.const 36) (local.get $at))
      (i32.store (i32.const 40) (local.get $count))
      (i32.const 16))
    ;; An answer with one statistic of one cell.
    (func $answer (param $value f64) (result i32)
      (f64.store (i32.const 64) (local.get $value))
      (call $cells (i32.const 64) (i32.const 1)))
    ;; Address 128 holds a one and two zeros: done, with an empty report.
    (data (i32.const 128) "\01")
    (func (export "conclude") (param i32 i32 i32 i32 i32 i32 i32 i32 i32) (result i32) (i32.const 128))
