//! Guests that are as slow as fuel allows: one for each way in which a unit of fuel could take long.
//!
//! Each prepares itself in round 1 and returns; in any other round it goes on until its fuel is spent. The difference is
//! the time of what comes after the preparation, without the instance, its page faults and its first touch of memory.

/// A guest of the calibration.
pub(super) struct Kernel {
    /// What it does.
    pub(super) name: &'static str,
    /// Its core module.
    pub(super) module: String,
    /// Pages of 64 KiB of its memory.
    pub(super) pages: u64,
    /// How many things its instance has made for it, where that is what is measured.
    pub(super) items: u64,
    /// Whether its module imports `zero` from another one.
    pub(super) imports: bool,
}

impl Kernel {
    /// The component around it.
    pub(super) fn component(&self) -> String {
        let text = include_str!("component.wat").replacen("(; guest ;)", &self.module, 1);
        if !self.imports {
            return text;
        }
        let alone = "(core instance $main (instantiate $main))";
        let with_zero = "(core module $env (global (export \"zero\") i32 (i32.const 0))) (core instance $env (instantiate $env)) \
            (core instance $main (instantiate $main (with \"env\" (instance $env))))";
        text.replacen(alone, with_zero, 1)
    }
}

fn kernel(name: &'static str, pages: u64, module: String) -> Kernel {
    Kernel { name, module, pages, items: 0, imports: false }
}

/// Bytes of a page of WebAssembly.
pub(super) const WASM_PAGE: u64 = 64 << 10;
/// How often the operators of a kernel stand in its loop.
const UNROLLED: usize = 32;

/// Fields of the module and locals that all kernels may use.
const FIELDS: &str = r#"
    (type $nothing (func))
    (table $table 4000 funcref) (elem (i32.const 0) func $a $b $c $d) (elem $passive func $a $b $c $d) (elem $dropped func $a)
    (data $bytes "0123456789abcdef") (data $dropped "a")
    (global $sink (mut i64) (i64.const 0))
    (func $a) (func $b (drop (global.get $sink))) (func $c (local i64)) (func $d (local i32))
    (func $eight (param i64 i64 i64 i64 i64 i64 i64 i64) (result i64) (local.get 7))
    (func $recurse (param i32) (if (local.get 0) (then (call $recurse (i32.sub (local.get 0) (i32.const 1))))))
"#;
const LOCALS: &str = "(local $i i32) (local $at i32) (local $x i64) (local $y i64) (local $f f64) (local $h f32) (local $v v128)";
/// A generator of numbers that no branch predictor follows.
const RANDOM: &str = "local.get $x i64.const 13 i64.shl local.get $x i64.xor local.tee $x i64.const 7 i64.shr_u local.get $x i64.xor \
    local.tee $x i64.const 17 i64.shl local.get $x i64.xor local.set $x ";

/// Operators again and again. `begin` leaves one value of the local `of`, which `operators` takes and leaves.
fn chain(name: &'static str, of: &str, begin: &str, operators: &str) -> Kernel {
    let repeated = operators.repeat(UNROLLED);
    let body = format!("{begin} local.set ${of}");
    spinning(name, 1, &body, &format!("local.get ${of} {repeated} local.set ${of}"))
}

/// Operators that leave nothing.
fn repeated(name: &'static str, operators: &str) -> Kernel {
    spinning(name, 1, "", &operators.repeat(UNROLLED))
}

fn spinning(name: &'static str, pages: u64, prepare: &str, forever: &str) -> Kernel {
    let body = format!(
        "i64.const 88172645463325252 local.set $x {prepare} \
         local.get 4 i32.const 1 i32.eq (if (then i32.const 16 return)) \
         (loop $again {forever} \
           local.get $x local.get $y i64.xor local.get $f i64.reinterpret_f64 i64.xor local.get $at i64.extend_i32_u i64.xor \
           local.get $v i64x2.extract_lane 0 i64.xor global.set $sink br $again) unreachable"
    );
    kernel(name, pages, module(pages, pages, FIELDS, &format!("{LOCALS} {body}")))
}

/// A core module that keeps the contract; `contribute` has a body of its own and may return the empty list at 16.
pub(super) fn module(pages: u64, pages_max: u64, fields: &str, contribute: &str) -> String {
    format!(
        r#"(core module $main
    (memory (export "memory") {pages} {pages_max})
    (global $next (mut i32) (i32.const 1024))
    {fields}
    (func (export "realloc") (param i32 i32 i32 i32) (result i32)
      (global.set $next (i32.and (i32.add (global.get $next) (i32.const 7)) (i32.const -8)))
      (global.get $next)
      (global.set $next (i32.add (global.get $next) (local.get 3))))
    (func (export "contribute") (param i32 i32 i32 i32 i32 i32 i32 i32 i32) (result i32) {contribute})
    (data (i32.const 32) "\01")
    (func (export "conclude") (param i32 i32 i32 i32 i32 i32 i32 i32 i32) (result i32) (i32.const 32)))"#
    )
}

/// What is slow whatever memory there is.
pub(super) fn flat() -> Vec<Kernel> {
    let bits = |operators: &dyn Fn(usize) -> String, count: usize| -> String { (0..count).map(operators).collect() };
    let branches = bits(
        &|at| {
            let bit = 1_u64 << (at * 2 + 3);
            format!("(block local.get $x i64.const {bit} i64.and i64.eqz br_if 0 local.get $y i64.const 77 i64.mul local.set $y) ")
        },
        24,
    );
    let tables = bits(
        &|at| {
            let by = at * 3 + 2;
            format!(
                "(block (block (block (block local.get $x i64.const {by} i64.shr_u i32.wrap_i64 i32.const 3 i32.and br_table 0 1 2 3) \
                 local.get $y i64.const 3 i64.mul local.set $y) local.get $y i64.const 5 i64.mul local.set $y) \
                 local.get $y i64.const 7 i64.xor local.set $y) "
            )
        },
        16,
    );
    let guessed = "local.get $x i32.wrap_i64 i32.const 3 i32.and call_indirect $table (type $nothing) ";
    let eight = "i64.const 1 i64.const 2 i64.const 3 i64.const 4 i64.const 5 i64.const 6 i64.const 7 i64.const 8 call $eight drop ";
    vec![
        chain("integers", "x", "i64.const 3", "i64.const 7 i64.mul i64.const 5 i64.rotl "),
        chain(
            "division",
            "x",
            "i64.const 9223372036854775807",
            "local.set $y i64.const 9223372036854775807 local.get $y i64.const 0x7fffffff i64.or i64.div_s ",
        ),
        chain(
            "remainder",
            "x",
            "i64.const 9223372036854775807",
            "local.set $y i64.const 9223372036854775807 local.get $y i64.const 0x7fffffff i64.or i64.rem_u ",
        ),
        chain("roots", "f", "f64.const 1.5e300", "f64.sqrt "),
        chain("roots of subnormals", "f", "f64.const 3e-310", "f64.sqrt f64.const 0 f64.mul f64.const 3e-310 f64.add "),
        chain("quotients of subnormals", "f", "f64.const 3e-310", "f64.const 1.0000001 f64.div "),
        chain("products of subnormals", "f", "f64.const 3e-310", "f64.const 1.0000001 f64.mul "),
        chain("sums of subnormals", "f", "f64.const 3e-310", "f64.const 3e-310 f64.add f64.const 0.5 f64.mul "),
        chain("rounding", "f", "f64.const 1.7e9", "f64.nearest f64.floor "),
        chain("conversions", "f", "f64.const 1.7e9", "i64.trunc_sat_f64_u f64.convert_i64_u "),
        chain("precision", "f", "f64.const 1e-42", "f32.demote_f64 f64.promote_f32 "),
        chain("vector roots", "v", "v128.const f64x2 1.5e300 3e-310", "f64x2.sqrt "),
        chain("vector quotients", "v", "v128.const f64x2 3e-310 3e-310", "v128.const f64x2 1.01 1.02 f64x2.div "),
        chain("vector conversions", "v", "v128.const f64x2 1.5 1.5", "i32x4.trunc_sat_f32x4_u "),
        chain("vector bits", "v", "v128.const f64x2 1.5 1.5", "i64x2.all_true i32x4.splat "),
        spinning("branches", 1, "", &format!("{RANDOM} {branches}")),
        spinning("jumps through tables", 1, "", &format!("{RANDOM} {tables}")),
        repeated("calls", "call $a "),
        repeated("calls with arguments", eight),
        repeated("calls through a table", "i32.const 0 call_indirect $table (type $nothing) "),
        repeated("guessed calls", &format!("{RANDOM} {guessed}")),
        spinning("recursion", 1, "", "i32.const 2000 call $recurse"),
        repeated("functions", "ref.func $a drop "),
        repeated("tables", "i32.const 0 i32.const 1 table.get $table table.set $table "),
        repeated("growth of tables", "ref.null func i32.const 0 table.grow $table drop ref.null func i32.const 1 table.grow $table drop "),
        repeated("filled tables", "i32.const 0 ref.null func i32.const 4000 table.fill $table "),
        repeated("copied tables", "i32.const 0 i32.const 4 i32.const 3990 table.copy $table $table "),
        repeated("begun tables", "i32.const 0 i32.const 0 i32.const 4 table.init $table $passive elem.drop $dropped "),
        repeated("growth of memory", "i32.const 0 memory.grow drop i32.const 1 memory.grow drop "),
        repeated("empty fills", "i32.const 64 i32.const 0 i32.const 0 memory.fill i32.const 64 i32.const 0 i32.const 1 memory.fill "),
        repeated("short copies", "i32.const 64 i32.const 66 i32.const 3 memory.copy i32.const 64 i32.const 70 local.get $i memory.copy "),
        repeated("begun memory", "i32.const 64 i32.const 0 i32.const 9 memory.init $bytes data.drop $dropped "),
        repeated("stores before loads", "i32.const 65 i64.const 1 i64.store8 i32.const 64 i64.load i64.eqz (if (then)) "),
    ]
}

/// What is the slower the more memory there is: it may miss in every cache.
pub(super) fn in_memory(pages: u64) -> Vec<Kernel> {
    let (lines, bytes) = (pages * WASM_PAGE / 64, pages * WASM_PAGE);
    // Each line of the cache points to the next one of a walk that comes by all of them: a full period modulo the
    // number of lines, whose prime factors are 2, 3 and 5.
    let walk = format!(
        "(loop $fill local.get $i i32.const 64 i32.mul \
         local.get $i i64.extend_i32_u i64.const 475141 i64.mul i64.const 7919 i64.add i64.const {lines} i64.rem_u \
         i32.wrap_i64 i32.const 64 i32.mul i32.store offset=0 \
         local.get $i i32.const 1 i32.add local.tee $i i32.const {lines} i32.lt_u br_if $fill)"
    );
    let load = "i32.load ".repeat(UNROLLED);
    let touch = format!(
        "(loop $touch local.get $i i32.const 1 i32.store local.get $i i32.const 4096 i32.add local.tee $i i32.const {bytes} i32.lt_u br_if $touch)"
    );
    let half = bytes / 2;
    let scatter = format!(
        "local.get $at i32.const 1664525 i32.mul i32.const 1013904223 i32.add local.tee $at i64.extend_i32_u i64.const {} i64.rem_u \
         i32.wrap_i64 local.get $at i32.store8 ",
        bytes - 8
    );
    vec![
        spinning("dependent loads", pages, &walk, &format!("local.get $at {load} local.set $at")),
        spinning("scattered stores", pages, &touch, &scatter.repeat(UNROLLED)),
        spinning("long copies", pages, &touch, &format!("i32.const 0 i32.const {half} i32.const {half} memory.copy")),
        spinning("long fills", pages, &touch, &format!("i32.const 0 i32.const 7 i32.const {bytes} memory.fill")),
    ]
}

/// Does nothing.
pub(super) fn idle() -> Kernel {
    kernel("idle", 16, module(16, 16, "", "i32.const 16"))
}

/// Have as many things made for each instance as one kind of them allows.
pub(super) fn furnished() -> Vec<Kernel> {
    // Their empty list lies above all that is written into memory.
    let of = |name, items, fields: &str| Kernel { items, ..kernel(name, 16, module(16, 16, fields, "i32.const 900000")) };
    // Where a place comes from another instance, nothing can be prepared beforehand.
    let computed = |name, items, fields: &str| {
        let mut kernel = of(name, items, fields);
        kernel.module = kernel.module.replacen("(core module $main", "(core module $main (import \"env\" \"zero\" (global $zero i32))", 1);
        kernel.imports = true;
        kernel
    };
    let table = "(table $many 7000 funcref) (func $f)";
    let functions = "(ref.func $f) ".repeat(7_000);
    vec![
        of("globals", 10_000, &"(global (mut i64) (i64.const 1))".repeat(10_000)),
        of("elements", 7_000, &format!("{table} (elem (table $many) (i32.const 0) func {})", "$f ".repeat(7_000))),
        of("passive elements", 7_000, &format!("{table} (elem $passive funcref {functions})")),
        computed("computed elements", 7_000, &format!("{table} (elem (table $many) (global.get $zero) funcref {functions})")),
        computed("computed data", 2_000, &"(data (global.get $zero) \"0123456789\")".repeat(2_000)),
        computed("long computed data", 10_000, &format!("(data (global.get $zero) \"{}\")", "01234567".repeat(80_000))),
    ]
}

/// Grows its memory page by page and touches everything.
pub(super) fn growing(pages: u64) -> Kernel {
    let body = r"(local $at i32) (local $end i32)
      (local.set $end (i32.const 65536))
      (loop $grow
        (loop $touch
          (i32.store (local.get $at) (i32.const 0))
          (br_if $touch (i32.lt_u (local.tee $at (i32.add (local.get $at) (i32.const 4096))) (local.get $end))))
        (local.set $end (i32.add (local.get $end) (i32.const 65536)))
        (br_if $grow (i32.ne (memory.grow (i32.const 1)) (i32.const -1))))
      i32.const 16";
    kernel("growing", pages, module(1, pages, "", body))
}

/// Answers with so many contributions without cells.
pub(super) fn answering(contributions: u32) -> Kernel {
    let body = format!("(i32.store (i32.const 16) (i32.const 4096)) (i32.store (i32.const 20) (i32.const {contributions})) i32.const 16");
    kernel("answering", 16, module(16, 16, "", &body))
}

/// Answers with so many discovered keys, all empty.
pub(super) fn naming(keys: u32) -> Kernel {
    let body = format!(
        "(i32.store (i32.const 16) (i32.const 64)) (i32.store (i32.const 20) (i32.const 1)) (i32.store (i32.const 64) (i32.const 2)) \
         (i32.store (i32.const 68) (i32.const 4096)) (i32.store (i32.const 72) (i32.const {keys})) i32.const 16"
    );
    kernel("naming", 16, module(16, 16, "", &body))
}
