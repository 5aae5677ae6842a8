//! The rules of a place, as data: one pack per city, the working days of the State Council, limits per data level.
//!
//! Pure: files are read by whoever calls, the clock is an argument. What comes out has been checked, and every
//! deadline, duty and denial that follows from it carries a [`Clause`]: the rule of the table and the article that
//! it comes from. Numbers that no regulation gives (levels, epsilon) say so.
//!
//! Rejected: one enum of cities with the rules in code (decision 0031). A new city is a new file, and two of the
//! five texts end within two years.

mod calendar;
mod clause;
mod deadline;
mod field;
mod levels;
mod months;
mod pack;
mod read;

pub use calendar::{Calendar, CalendarError, Festival, YearOfDays};
pub use clause::{Both, Clause, Shown, chinese_number};
pub use deadline::{Deadline, DeadlineError, Due, Process};
pub use field::Field;
pub use levels::{Excess, LevelError, LevelMatrix, Limits};
pub use months::{add_months, annual_report_due, last_of_february};
pub use pack::{
    AnnualReport, Approval, Assessment, BasisRule, CatalogueRule, DeliveryRule, Demanded, Duties, Duty, Exchange, Expired, Ground,
    LegalRank, LogRetention, ObjectionRule, OpeningRule, OpeningType, Operation, Pack, PackRules, Rectification, ReviewBy, ReviewStep,
    SharingRule, SharingType, SourceText, Standing, StepFor, Unstated, Validity,
};
pub use read::{PackError, built_in_packs};
