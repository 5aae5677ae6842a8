    ;; Answers at once, whoever it is: the work of a run is over long before its slot. Does the machine show when?
    (func (export "contribute") (param i32 i32 i32 i32 i32 i32 i32) (param $tables i32) (param i32) (result i32)
      (call $answer (f64.const 1)))
