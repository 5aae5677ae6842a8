;; fate: answer
;; Every argument is written over the one before: the guest hurts only itself.
(core module $main
  (memory (export "memory") 1)
  (func (export "realloc") (param i32 i32 i32 i32) (result i32)
    (i32.const 4096))
  (func (export "contribute") (param i32 i32 i32 i32 i32 i32 i32 i32 i32) (result i32) (i32.const 16))
  (data (i32.const 32) "\01")
  (func (export "conclude") (param i32 i32 i32 i32 i32 i32 i32 i32 i32) (result i32) (i32.const 32)))
