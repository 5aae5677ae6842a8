;; fate: trap
;; 600 keys that are all the same 60,000 bytes.
(core module $main
  (memory (export "memory") 1)
  (global $next (mut i32) (i32.const 4096))
  (func (export "realloc") (param i32 i32 i32 i32) (result i32)
    (global.set $next (i32.and (i32.add (global.get $next) (i32.const 7)) (i32.const -8)))
    (global.get $next)
    (global.set $next (i32.add (global.get $next) (local.get 3))))
  (func (export "contribute") (param i32 i32 i32 i32 i32 i32 i32 i32 i32) (result i32) (local $at i32)
    (local.set $at (i32.const 256))
    (loop $more
      (i32.store (i32.add (local.get $at) (i32.const 4)) (i32.const 60000))
      (local.set $at (i32.add (local.get $at) (i32.const 16)))
      (br_if $more (i32.lt_u (local.get $at) (i32.const 9856))))
    (i32.const 16))
  (data (i32.const 16) "\40\00\00\00\01\00\00\00")
  (data (i32.const 64) "\02\00\00\00\00\01\00\00\58\02\00\00")
  (data (i32.const 32) "\01")
  (func (export "conclude") (param i32 i32 i32 i32 i32 i32 i32 i32 i32) (result i32) (i32.const 32)))
