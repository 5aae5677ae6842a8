//! Calibration: this machine is measured, the numbers are logged, and slots follow from them.
//!
//! Guarantee: a slot is computed from the newest calibration in the log that was made for this engine on this kind of
//! machine, or from cautious numbers where there is none; both are public, so anybody can compute it again.
//!
//! Guests are measured in child processes behind the walls, as many at the same time as workers can work at the same
//! time, and the worst of all counts, with a margin. Rejected: measuring at each start. It would take long, and slots
//! would change with the weather.

use crate::children::{Programs, start};
use crate::{Domain, ServiceError, instant, quotes};
use serde::{Deserialize, Serialize};
use std::io::Write;
use std::time::{Duration, Instant};
use tidegate_engine::{FrameError, read_frame, write_frame};
use tidegate_log::{Entry, Event, Machine};
use tidegate_sandbox::{GuestRates, Guests, engine_digest};
use tidegate_store::StoreError;
use tidegate_terms::{Digest, Rates, Spoken};

/// What is put on top of everything that was measured.
const MARGIN_PERCENT: u64 = 150;
/// No run takes less than this, in milliseconds, whatever was measured.
const FIXED_MILLISECONDS_MIN: u64 = 2_000;
/// How many times the start of one process all processes of a run may take together, and the log with them.
const PROCESSES: u64 = 10;
/// Totals of one measurement of noise.
const TOTALS: usize = 2_000;
const REPETITIONS: usize = 3;
/// Memory of a measuring process beside that of its largest guest.
const ROOM_BYTES: u64 = 1 << 30;

/// A calibration as it is logged.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct Calibration {
    /// The engine that was measured.
    #[schemars(with = "String")]
    pub engine: Digest,
    /// The machine, as far as it is public.
    #[schemars(with = "serde_json::Value")]
    pub machine: Machine,
    /// What was measured, with the margin.
    #[schemars(with = "serde_json::Value")]
    pub rates: Rates,
}

/// What people see of a calibration.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct CalibrationView {
    /// Whether this machine was measured for this engine; otherwise the numbers are cautious guesses.
    pub calibrated: bool,
    /// The position of its entry in the log; absent where nothing was logged.
    pub log_position: Option<u64>,
    /// The numbers from which slots are computed.
    pub calibration: Calibration,
}

/// The rates that count now, and where they come from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct InForce {
    pub(crate) rates: Rates,
    /// The entry of the calibration; none, where the rates are the cautious ones.
    pub(crate) position: Option<u64>,
}

impl InForce {
    fn cautious() -> Self {
        Self { rates: Rates::cautious(), position: None }
    }
}

#[derive(Serialize, Deserialize)]
enum Measured {
    Done(GuestRates),
    Failed(Spoken),
}

/// Measures this machine; takes less than a minute.
pub fn measure_machine(programs: &Programs) -> Result<Calibration, ServiceError> {
    let guests = measure_guests(programs)?;
    let fixed = time_of_a_process(programs)?;
    let noise = tidegate_gate::noise_time(&mut || programs.child("noise"), TOTALS, REPETITIONS)
        .map_err(|error| ServiceError::Child { detail: error.to_string() })?;
    let per_total = nanoseconds(noise) / TOTALS as u64;
    let with_margin = |measured: u64| measured.max(1).saturating_mul(MARGIN_PERCENT).div_ceil(100);
    let mut memory = guests.memory;
    memory.iter_mut().for_each(|rate| rate.fuel_picoseconds = with_margin(rate.fuel_picoseconds));
    let fixed = with_margin(nanoseconds(fixed).saturating_mul(PROCESSES).div_ceil(1_000_000));
    let rates = Rates {
        memory,
        call_nanoseconds: with_margin(guests.call_nanoseconds),
        item_nanoseconds: with_margin(guests.item_nanoseconds),
        page_nanoseconds: with_margin(guests.page_nanoseconds),
        row_byte_picoseconds: with_margin(guests.row_byte_picoseconds),
        answer_byte_picoseconds: with_margin(guests.answer_byte_picoseconds),
        total_nanoseconds: with_margin(per_total),
        fixed_milliseconds: fixed.max(FIXED_MILLISECONDS_MIN),
    };
    Ok(Calibration { engine: own_engine()?, machine: this_machine(), rates })
}

/// As many children as workers can work at once; the worst number of any of them.
fn measure_guests(programs: &Programs) -> Result<GuestRates, ServiceError> {
    let count = quotes::cores().min(quotes::WORKERS_MAX);
    let started: Result<Vec<_>, _> = (0..count).map(|_| start(&mut programs.child("calibrate"))).collect();
    let mut worst: Option<GuestRates> = None;
    let mut outcome = Ok(());
    for (mut child, to, mut from) in started? {
        let said = if outcome.is_ok() { read_frame::<Measured>(&mut from, 0) } else { Err(FrameError::Closed) };
        drop(to);
        if outcome.is_err() {
            let _ = child.kill();
        }
        let _ = child.wait();
        match said {
            Ok((Measured::Done(rates), _)) => {
                worst = Some(match worst.take() {
                    Some(before) => before.or_worse(&rates),
                    None => rates,
                });
            }
            Ok((Measured::Failed(refusal), _)) => outcome = Err(refusal.into()),
            Err(error) if outcome.is_ok() => outcome = Err(ServiceError::Child { detail: format!("the calibration ended early: {error}") }),
            Err(_) => {}
        }
    }
    outcome?;
    worst.ok_or_else(|| ServiceError::Child { detail: "no process could measure".into() })
}

/// The measuring child: compiles and loads its guests, raises the walls, calls them.
pub fn serve_calibrate(mut to: impl Write) -> Result<(), FrameError> {
    tidegate_walls::die_with_parent();
    let measured = Guests::load().and_then(|guests| {
        tidegate_walls::raise(ROOM_BYTES + 4 * Guests::memory_bytes_max());
        guests.measure()
    });
    let said = match measured {
        Ok(rates) => Measured::Done(rates),
        Err(error) => Measured::Failed(Spoken::of(&error)),
    };
    write_frame(&mut to, &said, &[])
}

/// The longest of several starts of a process that only raises its walls.
fn time_of_a_process(programs: &Programs) -> Result<Duration, ServiceError> {
    let mut longest = Duration::ZERO;
    for _ in 0..REPETITIONS {
        let before = Instant::now();
        crate::children::standing_walls(programs)?;
        longest = longest.max(before.elapsed());
    }
    Ok(longest)
}

fn nanoseconds(time: Duration) -> u64 {
    u64::try_from(time.as_nanos()).unwrap_or(u64::MAX)
}

fn own_engine() -> Result<Digest, ServiceError> {
    engine_digest().map_err(|error| ServiceError::Child { detail: format!("{error:#}") })
}

/// What is public of this machine.
pub fn this_machine() -> Machine {
    let said = std::fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
    let field =
        |name: &str| said.lines().find_map(|line| line.split_once(':').filter(|(key, _)| key.trim() == name).map(|(_, value)| value));
    // Processors of the ARM family have no name here, but numbers.
    let named = field("model name").map(str::to_owned).or_else(|| Some(format!("{} {}", field("CPU implementer")?, field("CPU part")?)));
    let plain = |text: String| text.chars().filter(|c| !c.is_control()).collect::<String>().trim().chars().take(100).collect::<String>();
    let processor = named.map(plain).filter(|name| !name.is_empty()).unwrap_or_else(|| "unknown".into());
    Machine { processor, architecture: std::env::consts::ARCH.into(), cores: quotes::cores() as u32 }
}

impl Domain {
    /// The rates from which slots are computed now.
    pub(crate) async fn rates(&self) -> Result<InForce, ServiceError> {
        let (engine, machine) = (self.engine()?, this_machine());
        // The newest one counts, and only if it is about this engine and this machine.
        let Some(position) = self.books().newest_calibration().await? else { return Ok(InForce::cautious()) };
        let entries = self.books().log_entries(position, position + 1).await?;
        let entry = entries.first().map(|bytes| Entry::decode(bytes)).transpose().map_err(StoreError::from)?;
        Ok(match entry.map(|entry| entry.event) {
            Some(Event::Calibration { engine: measured, machine: on, rates })
                if measured == engine && on == machine && rates.are_plausible() =>
            {
                InForce { rates, position: Some(position) }
            }
            _ => InForce::cautious(),
        })
    }

    /// What is in force.
    pub async fn calibration_view(&self) -> Result<CalibrationView, ServiceError> {
        let InForce { rates, position } = self.rates().await?;
        let calibration = Calibration { engine: self.engine()?, machine: this_machine(), rates };
        Ok(CalibrationView { calibrated: position.is_some(), log_position: position, calibration })
    }

    /// Measures this machine and logs the numbers; runs that are admitted from now on have their slots from them.
    pub async fn calibrate(&self) -> Result<CalibrationView, ServiceError> {
        let calibration = tokio::task::block_in_place(|| measure_machine(&self.programs))?;
        let Calibration { engine, machine, rates } = calibration.clone();
        let at = instant::text(self.next_instant().await?);
        let mut act = self.store.begin().await?;
        let position = act.append(&Entry { at, event: Event::Calibration { engine, machine, rates } }, &[]).await?;
        act.insert_calibration(position).await?;
        act.commit().await?;
        self.make_visible(position).await?;
        self.ask_witnesses().await;
        Ok(CalibrationView { calibrated: true, log_position: Some(position), calibration })
    }
}
