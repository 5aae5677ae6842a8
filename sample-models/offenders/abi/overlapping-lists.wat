;; fate: trap
;; 5,000 contributions that all point to the same 7,000 numbers: 280 MB from a file of a few hundred bytes.
;; The host counts what it would copy before it copies.
(core module $main
  (memory (export "memory") 2)
  (global $next (mut i32) (i32.const 4096))
  (func (export "realloc") (param i32 i32 i32 i32) (result i32)
    (global.set $next (i32.and (i32.add (global.get $next) (i32.const 7)) (i32.const -8)))
    (global.get $next)
    (global.set $next (i32.add (global.get $next) (local.get 3))))
  (func (export "contribute") (param i32 i32 i32 i32 i32 i32 i32 i32 i32) (result i32) (local $at i32)
    (local.set $at (i32.const 256))
    (loop $more
      (i32.store (i32.add (local.get $at) (i32.const 4)) (i32.const 1024))
      (i32.store (i32.add (local.get $at) (i32.const 8)) (i32.const 7000))
      (local.set $at (i32.add (local.get $at) (i32.const 12)))
      (br_if $more (i32.lt_u (local.get $at) (i32.const 60256))))
    (i32.store (i32.const 16) (i32.const 256))
    (i32.store (i32.const 20) (i32.const 5000))
    (i32.const 16))
  (data (i32.const 32) "\01")
  (func (export "conclude") (param i32 i32 i32 i32 i32 i32 i32 i32 i32) (result i32) (i32.const 32)))
