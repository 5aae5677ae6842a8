    ;; Sixteen sums over overlapping sets of people, in pairs that differ by those whose mark leaves one remainder by
    ;; eight: `2k` counts everybody whose remainder is k or more, `2k + 1` everybody whose remainder is more than k.
    (func (export "contribute") (param i32 i32 i32 i32 i32 i32 i32) (param $tables i32) (param i32) (result i32)
      (local $rest i32) (local $k i32) (local $at i32)
      (local.set $rest (i32.rem_u (i32.wrap_i64 (call $mark (local.get $tables) (i32.const 0))) (i32.const 8)))
      (loop $next
        (local.set $at (i32.add (i32.const 256) (i32.mul (local.get $k) (i32.const 16))))
        (f64.store (local.get $at) (f64.convert_i32_u (i32.ge_u (local.get $rest) (local.get $k))))
        (f64.store offset=8 (local.get $at) (f64.convert_i32_u (i32.gt_u (local.get $rest) (local.get $k))))
        (local.set $k (i32.add (local.get $k) (i32.const 1)))
        (br_if $next (i32.lt_u (local.get $k) (i32.const 8))))
      (call $cells (i32.const 256) (i32.const 16)))
