//! The rules about calibrations: slots rest on their numbers, so nothing in them may be free or faster than a machine.

use super::Replay;
use crate::entry::Machine;
use crate::violation::Violation;
use tidegate_terms::{Rates, messages};

messages! {
    /// A rule about calibrations that an entry breaks.
    pub enum CalibrationViolation {
        Rates { processor: String } = "audit.calibration-rates" {
            en: "a calibration of `{processor}` has rates that no measurement gives (nothing is free, fuel in more memory is never faster): slots that follow from it are too short; ask the custodian to calibrate again",
            zh: "对“{processor}”的校准含有不可能测得的速率（任何操作都不会免费，内存越大燃料不会越快）：由此得出的时段过短；请保管方重新校准",
        },
        Machine { entry: u64 } = "audit.calibration-machine" {
            en: "the calibration in entry {entry} does not say which machine was measured: ask the custodian to calibrate again",
            zh: "条目 {entry} 中的校准没有说明所测机器：请保管方重新校准",
        },
    }
}

/// Half a nanosecond is what a unit of fuel costs at worst; nobody's machine is twenty times as fast.
const FUEL_PICOSECONDS_MIN: u64 = 25;
/// A fresh instance is never made in less, in nanoseconds.
const CALL_NANOSECONDS_MIN: u64 = 100;

impl Replay {
    pub(super) fn calibration(&mut self, machine: &Machine, rates: &Rates) {
        let named = !machine.processor.is_empty() && !machine.architecture.is_empty() && machine.cores > 0;
        let entry = self.next;
        self.check(named, || Violation::Calibration(CalibrationViolation::Machine { entry }));
        // Computed here and not by the code that measured.
        let rises =
            rates.memory.windows(2).all(|pair| pair[0].bytes < pair[1].bytes && pair[0].fuel_picoseconds <= pair[1].fuel_picoseconds);
        let fuel = rates.memory.first().is_some_and(|rate| rate.bytes > 0 && rate.fuel_picoseconds >= FUEL_PICOSECONDS_MIN);
        let flat = [
            rates.page_nanoseconds,
            rates.row_byte_picoseconds,
            rates.answer_byte_picoseconds,
            rates.total_nanoseconds,
            rates.item_nanoseconds,
        ];
        let nothing_is_free = flat.iter().all(|rate| *rate > 0) && rates.fixed_milliseconds > 0;
        let holds = rises && fuel && nothing_is_free && rates.call_nanoseconds >= CALL_NANOSECONDS_MIN;
        let processor = || machine.processor.chars().take(100).collect();
        self.check(holds, || Violation::Calibration(CalibrationViolation::Rates { processor: processor() }));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::entry::{Entry, Event};
    use crate::replay::Read;
    use crate::replay::tests::{ORIGIN, story};
    use tidegate_terms::{Digest, Message as _};

    fn codes(change: impl FnOnce(&mut Machine, &mut Rates)) -> Vec<String> {
        let mut machine = Machine { processor: "a processor".into(), architecture: "x86_64".into(), cores: 2 };
        let mut rates = Rates::cautious();
        change(&mut machine, &mut rates);
        let event = Event::Calibration { engine: Digest([1; 32]), machine, rates };
        let mut replay = Replay::new(ORIGIN);
        let first = story().into_iter().take(1);
        first
            .chain([Entry { at: "2026-12-01T00:00:00Z".into(), event }])
            .for_each(|entry| replay.take(Read::of(&entry.encode().expect("encode"))));
        replay.findings.iter().map(|finding| finding.violation.code()).collect()
    }

    #[test]
    fn a_calibration_names_its_machine_and_nothing_in_it_is_free() {
        assert!(codes(|_, _| {}).is_empty());
        assert_eq!(codes(|machine, _| machine.processor.clear()), ["audit.calibration-machine"]);
        assert_eq!(codes(|machine, _| machine.cores = 0), ["audit.calibration-machine"]);
        let forged: [fn(&mut Rates); 12] = [
            |rates| rates.memory.clear(),
            |rates| rates.memory[0].fuel_picoseconds = 0,
            |rates| rates.memory[0].fuel_picoseconds = 24,
            |rates| rates.memory[2].fuel_picoseconds = 1,
            |rates| rates.memory.swap(0, 1),
            |rates| rates.call_nanoseconds = 99,
            |rates| rates.page_nanoseconds = 0,
            |rates| rates.row_byte_picoseconds = 0,
            |rates| rates.answer_byte_picoseconds = 0,
            |rates| rates.item_nanoseconds = 0,
            |rates| rates.total_nanoseconds = 0,
            |rates| rates.fixed_milliseconds = 0,
        ];
        for forge in forged {
            assert_eq!(codes(|_, rates| forge(rates)), ["audit.calibration-rates"]);
        }
    }
}
