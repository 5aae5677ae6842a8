;; fate: trap
;; Allocation breaks.
(core module $main
  (memory (export "memory") 1)
  (func (export "realloc") (param i32 i32 i32 i32) (result i32)
    (unreachable))
  (func (export "contribute") (param i32 i32 i32 i32 i32 i32 i32 i32 i32) (result i32) (i32.const 16))
  (data (i32.const 32) "\01")
  (func (export "conclude") (param i32 i32 i32 i32 i32 i32 i32 i32 i32) (result i32) (i32.const 32)))
