//! All operations, one file for each resource: its types, its handlers, and what it offers.
//!
//! To add a resource: a file with `operation!`s, their handlers and `offers`, and a line in `all`.

pub mod accounts;
pub mod agreement_views;
pub mod agreements;
pub mod applications;
pub mod breaches;
pub mod certificates;
pub mod confirmations;
pub mod custody;
pub mod datasets;
pub mod deliveries;
pub mod domain;
pub mod entries;
pub mod entry_changes;
pub mod entry_lists;
pub mod entry_views;
pub mod grants;
pub mod listings;
pub mod log_reading;
pub mod modules;
pub mod notices;
pub mod notifications;
pub mod objections;
pub mod organisations;
pub mod plans;
pub mod products;
pub mod reads;
pub mod rectifications;
pub mod releases;
pub mod replays;
pub mod reports;
pub mod runs;
pub mod scenarios;
pub mod sessions;
pub mod settings;
pub mod switch;
mod through;
pub mod ticket_views;
pub mod tickets;
pub mod tokens;
pub mod witnesses;

pub(crate) mod shared;
#[cfg(test)]
mod tests;

use crate::offers::Offers;

/// Everything that is offered.
pub(crate) fn all(offers: Offers) -> Offers {
    let offers = organisations::offers(offers);
    let offers = accounts::offers(offers);
    let offers = tokens::offers(offers);
    let offers = certificates::offers(offers);
    let offers = sessions::offers(offers);
    let offers = notifications::offers(offers);
    let offers = of_domain(offers);
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
    let offers = reports::offers(offers);
    settings::offers(offers)
}

/// What the domain does itself.
fn of_domain(offers: Offers) -> Offers {
    let offers = domain::offers(offers);
    let offers = datasets::offers(offers);
    let offers = custody::offers(offers);
    let offers = grants::offers(offers);
    let offers = modules::offers(offers);
    let offers = runs::offers(offers);
    let offers = releases::offers(offers);
    let offers = replays::offers(offers);
    let offers = log_reading::offers(offers);
    let offers = witnesses::offers(offers);
    let offers = breaches::offers(offers);
    let offers = products::offers(offers);
    let offers = listings::offers(offers);
    deliveries::offers(offers)
}
