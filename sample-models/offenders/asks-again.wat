    ;; Without the prelude, because its clean half asks for another round after every release.
    (memory (export "memory") 2)
    (global $next (mut i32) (i32.const 4096))
    (func (export "realloc") (param i32 i32 i32 i32) (result i32)
      (global.set $next (i32.and (i32.add (global.get $next) (i32.const 15)) (i32.const -16)))
      (global.get $next)
      (global.set $next (i32.add (global.get $next) (local.get 3))))
    ;; One dense contribution (address 32) of one number (address 64), which is 1.
    (data (i32.const 16) "\20\00\00\00\01\00\00\00")
    (data (i32.const 32) "\00\00\00\00\40\00\00\00\01\00\00\00")
    (data (i32.const 64) "\00\00\00\00\00\00\f0\3f")
    (func (export "contribute") (param i32 i32 i32 i32 i32 i32 i32 i32 i32) (result i32) (i32.const 16))
    ;; Address 128 holds zeros: again, with an empty state.
    (func (export "conclude") (param i32 i32 i32 i32 i32 i32 i32 i32 i32) (result i32) (i32.const 128))
