//! All operations, one file for each resource: its types, its handlers, and what it offers.
//!
//! To add a resource: a file with `operation!`s, their handlers and `offers`, and a line in [`all`].

pub mod accounts;
pub mod breaches;
pub mod custody;
pub mod datasets;
pub mod deliveries;
pub mod domain;
pub mod grants;
pub mod log_reading;
pub mod modules;
pub mod notifications;
pub mod organisations;
pub mod products;
pub mod reads;
pub mod releases;
pub mod replays;
pub mod runs;
pub mod sessions;
pub mod settings;
mod through;
pub mod tokens;
pub mod witnesses;

use crate::offers::Offers;

/// Everything that is offered.
pub(crate) fn all(offers: Offers) -> Offers {
    let offers = organisations::offers(offers);
    let offers = accounts::offers(offers);
    let offers = tokens::offers(offers);
    let offers = sessions::offers(offers);
    let offers = notifications::offers(offers);
    let offers = settings::offers(offers);
    // What the domain does itself.
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
    deliveries::offers(offers)
}
