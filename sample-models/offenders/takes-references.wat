    ;; Little fuel, much time: references to a function until the fuel is gone, thirty-two for each turn of the loop.
    (func $again)
    (elem declare func $again)
    (func (export "contribute") (param i32 i32 i32 i32 i32 i32 i32) (param $tables i32) (param i32) (result i32)
      (loop $for-ever
        (drop (ref.func $again)) (drop (ref.func $again)) (drop (ref.func $again)) (drop (ref.func $again)) (drop (ref.func $again)) (drop (ref.func $again)) (drop (ref.func $again)) (drop (ref.func $again))
        (drop (ref.func $again)) (drop (ref.func $again)) (drop (ref.func $again)) (drop (ref.func $again)) (drop (ref.func $again)) (drop (ref.func $again)) (drop (ref.func $again)) (drop (ref.func $again))
        (drop (ref.func $again)) (drop (ref.func $again)) (drop (ref.func $again)) (drop (ref.func $again)) (drop (ref.func $again)) (drop (ref.func $again)) (drop (ref.func $again)) (drop (ref.func $again))
        (drop (ref.func $again)) (drop (ref.func $again)) (drop (ref.func $again)) (drop (ref.func $again)) (drop (ref.func $again)) (drop (ref.func $again)) (drop (ref.func $again)) (drop (ref.func $again))
        (br $for-ever))
      (unreachable))
