//! The guests of the calibration do what they are meant to; how fast they are is not tested.

use super::*;

#[test]
fn every_guest_prepares_itself_and_then_spends_all_its_fuel() {
    let small = kernels::in_memory(1).into_iter().chain(kernels::in_memory(20));
    for kernel in kernels::flat().into_iter().chain(small) {
        let mut guest = Guest::load(kernel).expect("loads");
        let unit = Unit { tables: Vec::new() };
        guest.sandbox.begin_round(1, Vec::new());
        let (prepared, spent) = guest.sandbox.contribute_metered(&unit);
        assert!(prepared.is_ok(), "{}", guest.name);
        guest.sandbox.begin_round(2, Vec::new());
        let trap = guest.sandbox.contribute_with(&unit, spent + 200_000).expect_err(guest.name);
        assert!(trap.is_out_of_fuel(), "{}: {}", guest.name, trap.explain());
    }
}

/// The walk of the dependent loads comes by every line, or it would stay in a cache that is smaller than the memory.
#[test]
fn the_walk_comes_by_every_line() {
    for pages in PAGES.into_iter().filter(|pages| *pages <= 32) {
        let lines = pages * WASM_PAGE / 64;
        let (mut at, mut steps) = (0, 0);
        loop {
            at = (at * 475_141 + 7_919) % lines;
            steps += 1;
            if at == 0 || steps > lines {
                break;
            }
        }
        assert_eq!(steps, lines, "{pages} pages");
    }
}

#[test]
fn the_worse_of_two_is_taken_number_by_number() {
    let of = |fuel_picoseconds, call_nanoseconds| GuestRates {
        memory: vec![MemoryRate { bytes: 65_536, fuel_picoseconds }],
        slowest: String::new(),
        call_nanoseconds,
        item_nanoseconds: 1,
        page_nanoseconds: 1,
        row_byte_picoseconds: 1,
        answer_byte_picoseconds: 1,
    };
    let worse = of(5, 9).or_worse(&of(7, 3));
    assert_eq!((worse.memory[0].fuel_picoseconds, worse.call_nanoseconds), (7, 9));
}

#[test]
fn guests_that_answer_are_taken_and_those_that_grow_end() {
    let empty = Unit { tables: Vec::new() };
    let guests = [kernels::idle(), kernels::growing(16), kernels::answering(100), kernels::naming(100)];
    let lengths = guests.map(|kernel| Guest::load(kernel).expect("loads").sandbox.contribute(&empty).expect("answers").len());
    assert_eq!(lengths, [0, 0, 100, 1]);
    let guest = Guest::load(kernels::idle()).expect("loads");
    for kernel in kernels::furnished() {
        let component = wat::parse_str(kernel.component()).expect("wat");
        let counted = crate::instantiation_items(&component).expect("valid");
        let guest = Guest::load(kernel).expect("loads");
        assert!(guest.items >= 2_000 && counted >= guest.items, "{}: {} of {counted}", guest.name, guest.items);
        assert!(guest.sandbox.contribute(&empty).is_ok(), "{}", guest.name);
    }
    assert!([texts(), booleans()].iter().all(|(unit, _)| guest.sandbox.contribute(unit).is_ok()));
}
