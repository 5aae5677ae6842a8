//! What others take of the machine meanwhile: without it, a figure from a shared machine cannot be read.
//!
//! From the kernel's own counters, in clock ticks: busy time of all processors, less what this process and
//! its children used. A child counts when it has been waited for, so a round must end with none left.

use super::report::{Measure, Samples};
use std::fs;

const OTHERS: Measure =
    Measure {
        id: "machine.others", en: "processors that others used meanwhile", zh: "期间其他进程占用的处理器数", unit: "", goal: None
    };

/// The counters at one moment.
pub(super) struct Load {
    busy: f64,
    total: f64,
    own: f64,
}

impl Load {
    /// The counters now; `None` where the kernel does not show them.
    pub(super) fn now() -> Option<Self> {
        let stat = fs::read_to_string("/proc/stat").ok()?;
        let ticks: Vec<f64> = stat.lines().next()?.split_whitespace().skip(1).take(8).filter_map(|field| field.parse().ok()).collect();
        let &[user, nice, system, idle, waiting, interrupts, soft, stolen] = ticks.as_slice() else { return None };
        let busy = user + nice + system + interrupts + soft + stolen;
        Some(Self { busy, total: busy + idle + waiting, own: own_ticks()? })
    }

    /// Adds what others used since then.
    pub(super) fn add_others(&self, samples: &mut Samples) {
        let Some(now) = Self::now().filter(|now| now.total > self.total) else { return };
        let processors = std::thread::available_parallelism().map_or(1.0, |count| count.get() as f64);
        let others = (now.busy - self.busy - (now.own - self.own)).max(0.0);
        samples.add(OTHERS, others / (now.total - self.total) * processors);
    }
}

/// User and system time of this process and of its children.
pub(super) fn own_ticks() -> Option<f64> {
    let stat = fs::read_to_string("/proc/self/stat").ok()?;
    let fields: Vec<&str> = stat.rsplit_once(')')?.1.split_whitespace().collect();
    fields.get(11..15)?.iter().map(|field| field.parse::<f64>().ok()).sum()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_counters_are_there() {
        let load = Load::now().expect("counters");
        assert!(load.total > load.busy && load.busy > 0.0 && load.own >= 0.0);
    }
}
