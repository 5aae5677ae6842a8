    ;; Drops a data segment when it meets the target, for whom it says nothing: whoever comes next cannot copy from it any
    ;; more, and breaks.
    (data $segment "\01\00\00\00")
    (func (export "contribute") (param i32 i32 i32 i32 i32 i32 i32) (param $tables i32) (param i32) (result i32)
      (if (call $is-target (local.get $tables)) (then
        (data.drop $segment)
        (return (call $answer (f64.const 0)))))
      (memory.init $segment (i32.const 3000) (i32.const 0) (i32.const 4))
      (call $answer (f64.convert_i32_u (i32.load (i32.const 3000)))))
