;; fate: answer
;; A table that grows as far as it may, in large steps and then one by one.
(core module $main
  (memory (export "memory") 1)
  (global $next (mut i32) (i32.const 4096))
  (func (export "realloc") (param i32 i32 i32 i32) (result i32)
    (global.set $next (i32.and (i32.add (global.get $next) (i32.const 7)) (i32.const -8)))
    (global.get $next)
    (global.set $next (i32.add (global.get $next) (local.get 3))))
  (func (export "contribute") (param i32 i32 i32 i32 i32 i32 i32 i32 i32) (result i32) (i32.const 16))
  (table $one 1 funcref)
  (func $start
    (loop $more
      (br_if $more (i32.ne (table.grow $one (ref.null func) (i32.const 100)) (i32.const -1))))
    (loop $more
      (br_if $more (i32.ne (table.grow $one (ref.null func) (i32.const 1)) (i32.const -1)))))
  (start $start)
  (data (i32.const 32) "\01")
  (func (export "conclude") (param i32 i32 i32 i32 i32 i32 i32 i32 i32) (result i32) (i32.const 32)))
