    ;; Follows a chain of addresses through all its memory, each far from the one before, so that no cache has it, until its
    ;; fuel is gone.
    (func (export "contribute") (param i32 i32 i32 i32 i32 i32 i32) (param $tables i32) (param i32) (result i32)
      (local $at i32)
      (drop (memory.grow (i32.const 240)))
      (loop $again
        ;; A full period over 2^24 by a multiplier of the form 4k+1 and an odd step, in whole cache lines.
        (local.set $at (i32.and
          (i32.add (i32.add (i32.mul (local.get $at) (i32.const 1664525)) (i32.load offset=65536 (i32.and (local.get $at) (i32.const 0xe7ffc0)))) (i32.const 1013904223))
          (i32.const 0xffffff)))
        (br $again))
      (unreachable))
