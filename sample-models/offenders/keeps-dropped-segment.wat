    ;; Drops a data segment when it meets the target: whoever comes later cannot copy from it any more, and breaks.
    (data $segment "\01\00\00\00")
    (func (export "contribute") (param i32 i32 i32 i32 i32 i32 i32) (param $tables i32) (param i32) (result i32)
      (memory.init $segment (i32.const 3000) (i32.const 0) (i32.const 4))
      (if (call $is-target (local.get $tables)) (then (data.drop $segment)))
      (call $answer (f64.convert_i32_u (i32.load (i32.const 3000)))))
