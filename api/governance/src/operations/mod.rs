//! All operations, one file for each resource: its types, its handlers, and what it offers.
//!
//! To add a resource: a file with `operation!`s, their handlers and `offers`, and a line in [`all`].

pub mod accounts;
pub mod agreement_views;
pub mod agreements;
pub mod applications;
pub mod confirmations;
pub mod entries;
pub mod entry_changes;
pub mod entry_lists;
pub mod entry_views;
pub mod notices;
pub mod notifications;
pub mod objections;
pub mod organisations;
pub mod plans;
pub mod reads;
pub mod rectifications;
pub mod scenarios;
pub mod sessions;
pub mod settings;
pub mod switch;
pub mod ticket_views;
pub mod tickets;
pub mod tokens;

pub(crate) mod shared;
#[cfg(test)]
mod tests;

use crate::offers::Offers;

/// Everything that is offered.
pub(crate) fn all(offers: Offers) -> Offers {
    let offers = organisations::offers(offers);
    let offers = accounts::offers(offers);
    let offers = tokens::offers(offers);
    let offers = sessions::offers(offers);
    let offers = notifications::offers(offers);
    let offers = entries::offers(offers);
    let offers = entry_changes::offers(offers);
    let offers = entry_lists::offers(offers);
    let offers = applications::offers(offers);
    let offers = plans::offers(offers);
    let offers = agreements::offers(offers);
    let offers = scenarios::offers(offers);
    let offers = objections::offers(offers);
    let offers = rectifications::offers(offers);
    let offers = switch::offers(offers);
    let offers = tickets::offers(offers);
    let offers = notices::offers(offers);
    let offers = confirmations::offers(offers);
    settings::offers(offers)
}
