//! What code does that has broken out of WebAssembly (A27): each attempt is made from inside the walls.

use super::kit::held;
use crate::attack::Attack;
use crate::error::Broken;
use crate::scene::EMPTY;
use crate::verdict::Outcome;
use crate::world::World;
use tidegate_terms::Guard;

/// The exit code of an attempt that got through.
const THROUGH: i32 = 42;

const fn wall(name: &'static str, en: &'static str, zh: &'static str, attempt: super::kit::Attempt) -> Attack {
    held(name, &[27], &[Guard::SystemWalls], (en, zh), &EMPTY, attempt)
}

pub(super) const ATTACKS: &[Attack] = &[
    wall("reads-a-file", "reads a file that everybody may read", "读取人人可读的文件", |world| from_inside(world, "read-file")),
    wall("writes-a-file", "writes a file where everybody may write", "在人人可写之处写文件", |world| {
        from_inside(world, "write-file")
    }),
    wall("opens-a-socket", "opens a socket to this machine", "打开本机套接字", |world| from_inside(world, "network")),
    wall("starts-a-program", "starts another program", "启动另一程序", |world| from_inside(world, "start-process")),
    wall(
        "looks-into-its-parent",
        "looks into the process that holds keys and database",
        "窥视持有密钥与数据库的进程",
        |world| from_inside(world, "read-parent"),
    ),
    wall("takes-all-memory", "takes sixteen gibibytes of memory", "占用十六吉字节内存", |world| from_inside(world, "take-memory")),
];

fn from_inside(world: &mut World, attempt: &str) -> Result<Outcome, Broken> {
    let status = world.program().command().args(["internal", "attempt", attempt]).status();
    let status = status.map_err(|error| Broken::Start { detail: error.to_string() })?;
    Ok(match status.code() {
        Some(THROUGH) => Outcome::Through("it got through".into()),
        Some(0) => Outcome::Refused("it failed".into()),
        None => Outcome::Refused("the process was killed".into()),
        Some(other) => return Err(Broken::Refused { call: format!("internal attempt {attempt}"), answer: format!("exit code {other}") }),
    })
}
