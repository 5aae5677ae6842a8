;; A component without the contract's interface.
(component
  (core module $main (func (export "run") (result i32) (i32.const 1)))
  (core instance $main (instantiate $main))
  (func $run (result u32) (canon lift (core func $main "run")))
  (export "run" (func $run)))
