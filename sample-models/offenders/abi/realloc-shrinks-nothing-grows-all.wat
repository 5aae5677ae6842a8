;; fate: answer
;; Each allocation asks for more memory than the limit allows; the limit says no, and the guest goes on.
(core module $main
  (memory (export "memory") 1)
  (func (export "realloc") (param i32 i32 i32 i32) (result i32)
    (drop (memory.grow (i32.const 1000)))
    (drop (memory.grow (i32.const 1)))
    (i32.const 4096))
  (func (export "contribute") (param i32 i32 i32 i32 i32 i32 i32 i32 i32) (result i32) (i32.const 16))
  (data (i32.const 32) "\01")
  (func (export "conclude") (param i32 i32 i32 i32 i32 i32 i32 i32 i32) (result i32) (i32.const 32)))
