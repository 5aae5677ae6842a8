;; fate: trap
;; Allocation calls itself until the stack is used up.
(core module $main
  (memory (export "memory") 1)
  (func $realloc (export "realloc") (param i32 i32 i32 i32) (result i32)
    (i32.add (i32.const 1) (call $realloc (local.get 0) (local.get 1) (local.get 2) (local.get 3))))
  (func (export "contribute") (param i32 i32 i32 i32 i32 i32 i32 i32 i32) (result i32) (i32.const 16))
  (data (i32.const 32) "\01")
  (func (export "conclude") (param i32 i32 i32 i32 i32 i32 i32 i32 i32) (result i32) (i32.const 32)))
