    ;; Its start function looks for a mark that an instance before this one may have left, and hands it on in a global.
    (global $found (mut f64) (f64.const 0))
    (func $look (global.set $found (f64.convert_i32_u (i32.load (i32.const 3500)))))
    (start $look)
    (func (export "contribute") (param i32 i32 i32 i32 i32 i32 i32) (param $tables i32) (param i32) (result i32)
      (if (call $is-target (local.get $tables)) (then (i32.store (i32.const 3500) (i32.const 1))))
      (call $look)
      (call $answer (global.get $found)))
