//! Acts of governance against an office in this process: what is permitted, what is refused, and that a refusal changes nothing.

mod catalogue;
mod house;
mod papers;
mod stops;
mod tickets;
mod uses;
