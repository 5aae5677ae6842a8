//! All operations, one file for each resource: its types, its handlers, and what it offers.
//!
//! To add a resource: a file with `operation!`s, their handlers and `offers`, and a line in [`all`].

pub mod accounts;
pub mod notifications;
pub mod organisations;
pub mod sessions;
pub mod settings;
pub mod tokens;

use crate::offers::Offers;

/// Everything that is offered.
pub(crate) fn all(offers: Offers) -> Offers {
    let offers = organisations::offers(offers);
    let offers = accounts::offers(offers);
    let offers = tokens::offers(offers);
    let offers = sessions::offers(offers);
    let offers = notifications::offers(offers);
    settings::offers(offers)
}
