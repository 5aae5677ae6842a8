//! The guards that keep a hostile module from speaking, each of which a weakened test build can take away.
//!
//! A corpus of attacks that always fail proves little: it could be the attacks that are broken. So each guard asks
//! [`stands`] before it acts. In every ordinary build that is `true`, a constant that the compiler removes. In the
//! build of `tests/weakened` alone, which turns on the feature `weakened` of this crate and of no other, guards that
//! the environment names are down, and the attacks that they hold must then succeed.
//!
//! Rejected: a setting. What can be switched off in an installation will be. Rejected as well: a feature of each
//! crate, which would spread conditional code over all of them.

macro_rules! guards {
    ($($(#[$doc:meta])* $guard:ident = $name:literal),* $(,)?) => {
        /// One mechanism that holds at least one attack.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum Guard {
            $($(#[$doc])* $guard),*
        }

        impl Guard {
            /// All of them.
            pub const ALL: &'static [Self] = &[$(Self::$guard),*];

            /// The name under which it is taken away and reported.
            pub const fn name(self) -> &'static str {
                match self {
                    $(Self::$guard => $name),*
                }
            }

            /// The guard of a name.
            pub fn of_name(name: &str) -> Option<Self> {
                Self::ALL.iter().copied().find(|guard| guard.name() == name)
            }
        }
    };
}

guards! {
    /// Each unit has an instance that has seen nothing else (A1).
    FreshInstance = "fresh-instance",
    /// Results and failures wait for their slot (A2, A14, A19).
    Slot = "slot",
    /// Load is held until the slot, so that others' latency shows nothing (A40).
    HeldLoad = "held-load",
    /// A guest that breaks contributes the default (A3).
    TrapDefault = "trap-default",
    /// What is copied out of a guest is bounded, before it is copied (A3, A7, A30).
    AnswerLimit = "answer-limit",
    /// An answer of another length or shape is the default (A7).
    Shape = "shape",
    /// Entries are clamped to their bounds; what is not a number is the default (A8).
    Clamp = "clamp",
    /// Bounds and norms are checked again, exactly, on the integers (A8, A26).
    ExactCheck = "exact-check",
    /// Admission refuses what could overflow (A13).
    Overflow = "overflow",
    /// All rows of a privacy unit go into one call, at most a declared number of them (A10).
    UnitRows = "unit-rows",
    /// Where a unit goes follows from a keyed hash of its identifier alone (A11).
    KeyedAssignment = "keyed-assignment",
    /// Releases carry noise (A12, A15).
    Noise = "noise",
    /// Noise is drawn anew in a process of its own (A15, A38).
    FreshNoise = "fresh-noise",
    /// Failures after admission have one text (A18, A20).
    OneOutcome = "one-outcome",
    /// What is shown is the allotment, never the use (A21).
    AllotmentOnly = "allotment-only",
    /// A task whose process dies is run again, halved, at last the default (A32).
    Halving = "halving",
    /// Fuel has prices that bound time (A34).
    FuelPrices = "fuel-prices",
    /// A run that would outlast its slot is stopped (A2, A34).
    SlotStop = "slot-stop",
    /// The coordinator holds totals against units times bound (A39).
    RangeCheck = "range-check",
    /// The manifest is sealed before data is opened (A9).
    SealedManifest = "sealed-manifest",
    /// The price follows from manifest and wish alone (A4).
    PublicPrice = "public-price",
    /// Nothing is given back for a reason that depends on data (A5).
    NoRefund = "no-refund",
    /// Admission is one transaction (A5).
    AtomicCharge = "atomic-charge",
    /// A database older than its published log does not serve (A6).
    HighWaterMark = "high-water-mark",
    /// Discovered keys need a noised count above the threshold (A16).
    KeyThreshold = "key-threshold",
    /// Operators see declared numbers, never exact ones (A17).
    DeclaredNumbers = "declared-numbers",
    /// Digests of what is not public are salted (A22).
    SaltedCommitments = "salted-commitments",
    /// The same question has its stored answer (A23, A37).
    StoredAnswers = "stored-answers",
    /// All that is about one population draws on one account (A23, A35).
    SharedAccount = "shared-account",
    /// Exact tables are reviewed: small cells, dominance, complements, overlap (A24, A25).
    TableReview = "table-review",
    /// Walls of the system around hostile code (A27).
    SystemWalls = "system-walls",
    /// The audit holds every rule of the log (A28).
    AuditRules = "audit-rules",
    /// The upload gate (A30).
    UploadGate = "upload-gate",
    /// A run needs a grant, a seal and a question of its own (A31).
    Authorisation = "authorisation",
    /// Side tables are public: no identifiers of the domain, sealed and logged (A36).
    SideTables = "side-tables",
    /// What a run writes into the log has one length (A37).
    FixedEntries = "fixed-entries",
}

/// Whether a guard stands: always.
#[cfg(not(feature = "weakened"))]
#[inline(always)]
pub const fn stands(_guard: Guard) -> bool {
    true
}

/// Whether this is the build whose guards can be taken away.
pub const WEAKENED: bool = cfg!(feature = "weakened");

/// What to put into the environment of a process in which some guards are down: nothing, for there is no such process.
#[cfg(not(feature = "weakened"))]
pub const fn environment_without(_down: &[Guard]) -> Option<(&'static str, String)> {
    None
}

/// What hands the guards that are down here on to a child process: nothing.
#[cfg(not(feature = "weakened"))]
pub const fn environment_of_children() -> Option<(&'static str, String)> {
    None
}

/// Whether an access rule stands: always.
#[cfg(not(feature = "weakened"))]
#[inline(always)]
pub const fn rule_stands(_id: &str) -> bool {
    true
}

/// Whether an access rule stands: unless the environment names it, as `rule:ID` among the guards.
#[cfg(feature = "weakened")]
pub fn rule_stands(id: &str) -> bool {
    let named = std::env::var(WITHOUT).unwrap_or_default();
    !named.split(',').any(|name| name.trim().strip_prefix("rule:") == Some(id))
}

/// The variable that names the guards which are down, with commas between.
#[cfg(feature = "weakened")]
const WITHOUT: &str = "TIDEGATE_WITHOUT";

/// What to put into the environment of a process in which some guards are down.
#[cfg(feature = "weakened")]
pub fn environment_without(down: &[Guard]) -> Option<(&'static str, String)> {
    let names: Vec<&str> = down.iter().map(|guard| guard.name()).collect();
    Some((WITHOUT, names.join(",")))
}

/// What hands the guards that are down here on to a child process.
#[cfg(feature = "weakened")]
pub fn environment_of_children() -> Option<(&'static str, String)> {
    Some((WITHOUT, std::env::var(WITHOUT).unwrap_or_default()))
}

/// Whether a guard stands: unless the environment names it.
#[cfg(feature = "weakened")]
pub fn stands(guard: Guard) -> bool {
    use std::sync::OnceLock;
    static DOWN: OnceLock<Vec<Guard>> = OnceLock::new();
    let down = DOWN.get_or_init(|| {
        let named = std::env::var(WITHOUT).unwrap_or_default();
        named.split(',').filter_map(|name| Guard::of_name(name.trim())).collect()
    });
    !down.contains(&guard)
}
