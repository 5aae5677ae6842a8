;; fate: trap
;; The host is told to write its arguments behind the end of the memory.
(core module $main
  (memory (export "memory") 1)
  (func (export "realloc") (param i32 i32 i32 i32) (result i32)
    (i32.const 0xfffffff0))
  (func (export "contribute") (param i32 i32 i32 i32 i32 i32 i32 i32 i32) (result i32) (i32.const 16))
  (data (i32.const 32) "\01")
  (func (export "conclude") (param i32 i32 i32 i32 i32 i32 i32 i32 i32) (result i32) (i32.const 32)))
