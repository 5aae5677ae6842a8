//! What is known at the moment of a decision.

/// Declares the facts once: field, name in the policies, meaning.
macro_rules! facts {
    ($( $(#[$meta:meta])* $fact:ident ),* $(,)?) => {
        /// The facts of a decision. What nobody has established is not met: [`Facts::default`] denies whatever has a
        /// condition, and a fact that is forgotten by its caller can only deny.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
        pub struct Facts {
            /// Today, in days since 1970-01-01.
            pub today: i64,
            /// The first day of the grant.
            pub grant_first_day: i64,
            /// The last day of the grant.
            pub grant_last_day: i64,
            $( $(#[$meta])* pub $fact: bool, )*
        }

        impl Facts {
            /// The names of the facts that are met or not.
            pub const NAMES: &'static [&'static str] = &[ $( stringify!($fact) ),* ];

            /// Everything is met; for the table of who may act.
            pub const fn all_met() -> Self {
                Self { today: 0, grant_first_day: 0, grant_last_day: 0, $( $fact: true, )* }
            }

            /// All met but one of them.
            pub fn all_but(name: &str) -> Self {
                let mut facts = Self::all_met();
                $( if name == stringify!($fact) { facts.$fact = false; } )*
                facts
            }

            /// Each fact with its name.
            pub(crate) fn named(&self) -> [(&'static str, bool); Self::NAMES.len()] {
                [ $( (stringify!($fact), self.$fact) ),* ]
            }
        }
    };
}

facts! {
    /// The rule pack of the place is in force, or warns only.
    rules_in_force,
    /// No stop of everything stands.
    system_open,
    /// The actor's organisation is not closed for a time.
    access_open,
    /// No flag of a state or work secret.
    no_secret,
    /// Who decides is not who submitted.
    reviewer_differs,
    /// The catalogue entry is published.
    entry_published,
    /// The data have class and level.
    graded,
    /// A secrecy review stands, or nothing is opened.
    secrecy_reviewed,
    /// Policy and request keep the limits of the data's level.
    level_limits_met,
    /// The second approval stands, where the pack demands one.
    second_approval,
    /// An approved implementation plan without an open change.
    plan_approved,
    /// Selection, notice without objection and collective decision.
    selection_complete,
    /// An agreement of the organisation is in force.
    agreement_active,
    /// The grant is neither suspended nor cut off nor ended.
    grant_live,
    /// No objection suspends the data or the product.
    not_suspended,
    /// The operator's evidence of qualification is valid.
    qualified,
    /// The mode of the agreement covers data and scenario.
    mode_covers,
    /// The provider of shared data consents, or they were not got by sharing.
    provider_consents,
    /// A favourable assessment of the scenario is valid.
    scenario_assessed,
    /// A risk assessment is valid, or none is demanded.
    risk_assessed,
    /// The purpose equals the one that was applied for.
    purpose_matches,
    /// All columns lie inside the grant.
    columns_in_scope,
    /// The module's author is the operator or a developer under its agreement.
    author_bound,
    /// No input is a delivered product of the operator's own.
    no_redevelopment,
    /// The request carries a signature of the actor's organisation.
    signed,
    /// The release was reviewed before publication.
    release_reviewed,
    /// The product is registered, or the pack does not demand it.
    registered,
    /// Exchange, listing and contract are named, or the pack does not demand it.
    exchange_named,
    /// The product states source and acquisition date.
    source_stated,
    /// The recipient is the one meant, or the provider consented.
    recipient_bound,
    /// The recipient acknowledged terms and purpose.
    terms_acknowledged,
    /// A reason is given.
    reason_given,
    /// Evidence is given.
    evidence_given,
    /// The date for rectification has passed.
    rectification_overdue,
    /// The records are older than the term.
    retention_over,
}
