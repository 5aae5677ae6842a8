//! The processes of one run: started by one thread, killed together, and stood in for while they are idle.
//!
//! Guarantee: after [`Processes::stop`] every process of the run is dead or dying (SIGKILL) and none is started any
//! more; when the value goes away, the same. So a run can be ended at its slot whatever its processes do, also where
//! one hangs outside the guest. Where load is held, each lane of a run keeps one processor busy from the moment the
//! value is made until it goes away: its worker, or a stand-in that computes as a guest does (attack A40).
//!
//! One thread starts all of them, because Linux ties a child to the *thread* that started it: a worker that dies with
//! its parent would otherwise die with the lane of one round.
//!
//! Rejected: stand-ins that are started when a worker runs dry. Starting a process takes milliseconds, and in those the
//! processor would be idle just when a run has nothing more to do.

use rustix::process::{Pid, Signal, kill_process};
use std::collections::BTreeSet;
use std::io::{self, BufReader, Read as _};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};
use std::sync::mpsc::{Sender, SyncSender, channel, sync_channel};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread::JoinHandle;

/// The processes of one run.
#[derive(Debug)]
pub struct Processes {
    alive: Alive,
    asks: Option<Sender<(Command, SyncSender<io::Result<Running>>)>>,
    starter: Option<JoinHandle<()>>,
    /// One for each lane where load is held; none elsewhere.
    stand_ins: Vec<Running>,
}

/// Stops the processes of a run from elsewhere.
#[derive(Debug, Clone)]
pub struct Stopper(Alive);

#[derive(Debug, Default)]
struct State {
    stopped: bool,
    pids: BTreeSet<i32>,
}

/// What is alive. A process is taken out before it is reaped, so a number in here never names another process.
#[derive(Debug, Clone, Default)]
struct Alive(Arc<Mutex<State>>);

impl Alive {
    fn lock(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn start(&self, command: &mut Command) -> io::Result<Running> {
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::null());
        // Nobody can stop the run between the start of a process and its place in the list.
        let mut state = self.lock();
        if state.stopped {
            return Err(io::Error::other("the run was stopped"));
        }
        let mut child = command.spawn()?;
        let (Some(to), Some(from)) = (child.stdin.take(), child.stdout.take()) else {
            return Err(io::Error::other("a process without pipes"));
        };
        state.pids.extend(i32::try_from(child.id()));
        drop(state);
        Ok(Running { child, to, from: BufReader::new(from), alive: self.clone() })
    }

    fn stop(&self) {
        let mut state = self.lock();
        state.stopped = true;
        for pid in &state.pids {
            signal(*pid, Signal::KILL);
        }
    }
}

fn signal(pid: i32, signal: Signal) {
    if let Some(pid) = Pid::from_raw(pid) {
        let _ = kill_process(pid, signal);
    }
}

impl Stopper {
    /// Kills all processes of the run and lets no other start.
    pub fn stop(&self) {
        self.0.stop();
    }
}

impl Default for Processes {
    fn default() -> Self {
        Self::new()
    }
}

impl Processes {
    /// None yet, and no load held.
    pub fn new() -> Self {
        let alive = Alive::default();
        let (asks, asked) = channel::<(Command, SyncSender<io::Result<Running>>)>();
        let own = alive.clone();
        let starter = std::thread::spawn(move || {
            while let Ok((mut command, answer)) = asked.recv() {
                // Whoever asked waits; one that has gone away lets the process end with the answer.
                let _ = answer.send(own.start(&mut command));
            }
        });
        Self { alive, asks: Some(asks), starter: Some(starter), stand_ins: Vec::new() }
    }

    /// With load held for so many lanes by processes that `command` starts. Each has given its sign of life: one that is
    /// paused before it is tied to this process would outlive it.
    pub fn holding_load(lanes: usize, command: &dyn Fn() -> Command) -> io::Result<Self> {
        let mut processes = Self::new();
        for _ in 0..lanes {
            let stand_in = processes.start(command())?;
            processes.stand_ins.push(stand_in);
        }
        for stand_in in &mut processes.stand_ins {
            stand_in.from.read_exact(&mut [0; 1])?;
        }
        Ok(processes)
    }

    /// Starts a process of the run with pipes to and from it.
    pub fn start(&self, command: Command) -> io::Result<Running> {
        let gone = || io::Error::other("no process can be started any more");
        let (answer, started) = sync_channel(1);
        self.asks.as_ref().ok_or_else(gone)?.send((command, answer)).map_err(|_| gone())?;
        started.recv().map_err(|_| gone())?
    }

    /// What stops them.
    pub fn stopper(&self) -> Stopper {
        Stopper(self.alive.clone())
    }

    /// Whether they were stopped.
    pub fn is_stopped(&self) -> bool {
        self.alive.lock().stopped
    }

    /// A worker of this lane works: its stand-in rests until the value goes away.
    pub fn rest(&self, lane: usize) -> Resting<'_> {
        self.pause(lane);
        Resting { processes: self, lane }
    }

    pub(crate) fn pause(&self, lane: usize) {
        self.tell(lane, Signal::STOP);
    }

    pub(crate) fn resume(&self, lane: usize) {
        self.tell(lane, Signal::CONT);
    }

    fn tell(&self, lane: usize, what: Signal) {
        if let Some(stand_in) = self.stand_ins.get(lane) {
            stand_in.signal(what);
        }
    }
}

impl Drop for Processes {
    fn drop(&mut self) {
        self.alive.stop();
        self.stand_ins.clear();
        self.asks = None;
        // The starter outlives all that it started: Linux kills those with it.
        drop(self.starter.take().map(JoinHandle::join));
    }
}

/// A lane whose stand-in rests.
#[derive(Debug)]
pub struct Resting<'a> {
    processes: &'a Processes,
    lane: usize,
}

impl Drop for Resting<'_> {
    fn drop(&mut self) {
        self.processes.resume(self.lane);
    }
}

/// A process with its pipes; killed and reaped when dropped.
#[derive(Debug)]
pub struct Running {
    child: Child,
    /// To its standard input.
    pub to: ChildStdin,
    /// From its standard output.
    pub from: BufReader<ChildStdout>,
    alive: Alive,
}

impl Running {
    /// Starts a process that belongs to no run.
    pub fn alone(command: &mut Command) -> io::Result<Self> {
        Alive::default().start(command)
    }

    fn signal(&self, what: Signal) {
        let state = self.alive.lock();
        if let Some(pid) = i32::try_from(self.child.id()).ok().filter(|pid| state.pids.contains(pid)) {
            signal(pid, what);
        }
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        // A process never outlives its run, and no zombie stays.
        if let Ok(pid) = i32::try_from(self.child.id()) {
            self.alive.lock().pids.remove(&pid);
        }
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// The stand-in: memory and arithmetic as a guest does them, until it is killed. It raises the walls like a worker, has the
/// same place in the scheduler, and is told nothing. It ends when its pipe does: a parent that died before this process
/// was tied to it, or while it changed its user, cannot kill it any more.
pub fn serve_load() {
    const BYTES: usize = 8 << 20;
    /// Some ten milliseconds.
    const STEPS_BETWEEN_LOOKS: u64 = 4096;
    tidegate_walls::die_with_parent();
    tidegate_walls::yield_to_servers();
    let pipe = io::stdin();
    // Only this end: whoever holds the other writes nothing to it. Without it every look would wait for ever.
    let looks = rustix::fs::fcntl_setfl(&pipe, rustix::fs::OFlags::NONBLOCK).is_ok();
    tidegate_walls::raise(256 << 20);
    // The sign of life, before which nobody pauses this process.
    if rustix::io::write(io::stdout(), b".").is_err() {
        return;
    }
    let mut memory = vec![0_u64; BYTES / 8];
    let mut at = 0x9e37_79b9_7f4a_7c15_u64;
    for round in 1_u64.. {
        if looks && round % STEPS_BETWEEN_LOOKS == 0 && matches!(rustix::io::read(&pipe, &mut [0_u8; 1]), Ok(0)) {
            return;
        }
        // Half of the steps jump, half go on where they are: some hit the caches, some do not.
        for step in 0..1024 {
            at = at.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            let place = if step % 2 == 0 { (at >> 33) as usize } else { step };
            if let Some(cell) = memory.get_mut(place % (BYTES / 8)) {
                *cell = cell.rotate_left(7) ^ at;
                at ^= *cell;
            }
        }
        std::hint::black_box(&memory);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::{Duration, Instant};

    fn sleep() -> Command {
        let mut command = Command::new("sleep");
        command.arg("600");
        command
    }

    fn stand_in() -> Command {
        let mut command = Command::new("sh");
        command.args(["-c", "printf .; exec sleep 600"]);
        command
    }

    fn state(running: &Running) -> Option<char> {
        let stat = std::fs::read_to_string(format!("/proc/{}/stat", running.child.id())).ok()?;
        stat.rsplit_once(')')?.1.trim_start().chars().next()
    }

    fn comes(running: &Running, wanted: char) -> bool {
        let deadline = Instant::now() + Duration::from_secs(20);
        while Instant::now() < deadline {
            if state(running) == Some(wanted) {
                return true;
            }
            std::thread::sleep(Duration::from_millis(2));
        }
        false
    }

    #[test]
    fn what_is_stopped_is_dead_and_stays_so() {
        let processes = Processes::new();
        let mut one = processes.start(sleep()).expect("start");
        let other = processes.start(sleep()).expect("start");
        drop(other);
        processes.stopper().stop();
        let mut nothing = Vec::new();
        // The pipe ends because the process is gone, not because it spoke.
        one.from.read_to_end(&mut nothing).expect("the end");
        assert!(nothing.is_empty() && processes.is_stopped());
        assert!(processes.start(sleep()).is_err(), "nothing starts any more");
    }

    /// Linux ties a child to the thread that started it.
    #[test]
    fn a_process_that_dies_with_its_parent_outlives_the_thread_that_asked_for_it() {
        use std::os::unix::process::CommandExt as _;
        let tied = |mut command: Command| {
            // SAFETY: between fork and exec one system call is made and nothing is allocated.
            unsafe { command.pre_exec(|| Ok(rustix::process::set_parent_process_death_signal(Some(Signal::KILL))?)) };
            command
        };
        let processes = Processes::new();
        let mut command = Command::new("sh");
        command.args(["-c", "read line; echo $line"]);
        let started = std::thread::scope(|scope| scope.spawn(|| processes.start(tied(command))).join());
        let mut running = started.expect("thread").expect("start");
        // Had it been the asking thread's, it would be dead by now or soon: give it the time to be.
        std::thread::sleep(Duration::from_millis(100));
        std::io::Write::write_all(&mut running.to, b"here\n").expect("write");
        let mut said = [0; 5];
        running.from.read_exact(&mut said).expect("read");
        assert_eq!(&said, b"here\n");
    }

    #[test]
    fn a_stand_in_rests_while_its_worker_works() {
        let processes = Processes::holding_load(2, &stand_in).expect("start");
        let resting = processes.rest(1);
        assert!(comes(&processes.stand_ins[1], 'T') && state(&processes.stand_ins[0]) != Some('T'));
        drop(resting);
        assert!(comes(&processes.stand_ins[1], 'S'));
        // A lane beyond those whose load is held has nobody to tell.
        drop(processes.rest(2));
    }
}
