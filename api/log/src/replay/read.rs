//! An entry as the replay takes it: read, with everything computed that needs no other entry.
//!
//! Reading and pricing are most of the work of an audit and need no order, so that they can be done by all cores
//! at once; what is left for the replay itself is counting.

use crate::entry::{Charge, Entry, EntryError, Event};
use crate::price::{distance, price};

/// What the noise of one charge implies, whatever was booked.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Needed {
    /// The rho.
    pub(crate) rho: f64,
    /// The part of delta.
    pub(crate) distance: f64,
}

/// An entry that was read, or why it is none.
pub(crate) struct Read {
    pub(crate) entry: Result<Entry, EntryError>,
    /// For each charge of a reservation.
    pub(crate) needed: Vec<Needed>,
}

impl Read {
    pub(crate) fn of(bytes: &[u8]) -> Self {
        let entry = Entry::decode(bytes);
        let charges: &[Charge] = match &entry {
            Ok(Entry { event: Event::Reserve { charges, .. }, .. }) => charges,
            _ => &[],
        };
        let needed = charges.iter().map(|charge| Needed { rho: price(charge), distance: distance(charge) }).collect();
        Self { entry, needed }
    }
}
