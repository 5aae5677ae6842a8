//! Durable appends by many callers at once, beside what the same disk does in bare batches.
//!
//! The store's part goes through the whole writer of a real domain: each caller logs an entry as long as a release,
//! and waits until it is durable. The bare part then writes as many bytes in batches as large as the store's were on
//! average, each followed by `fdatasync`, to the end of a file on the same disk. Both take turns at going first. A third
//! part writes over a file that has its length already, which spares each sync the file's new size: no log can do that,
//! but it is the best of the disk, so it is printed too, without a goal.

use super::super::failed;
use super::super::report::{Goal, Measure, Samples, median};
use crate::front::CliError;
use std::fs::File;
use std::io::{Seek as _, Write as _};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Instant;
use tidegate_log::{Event, RELEASE_BYTES};
use tidegate_service::Domain;
use tidegate_service::children::Programs;
use tidegate_terms::Digest;
use tokio::runtime::Runtime;

const CALLERS: u64 = 64;
/// Entries of each caller in one round.
const EACH: u64 = 150;
/// The same, where each waits until its entry is visible.
const EACH_VISIBLE: u64 = 10;

const STORE: Measure =
    Measure { id: "log.appends", en: "durable appends, 64 callers", zh: "持久追加（64 个调用方）", unit: "/s", goal: None };
const BARE: Measure =
    Measure {
        id: "log.bare", en: "the same bytes in bare fdatasync batches", zh: "同样字节的裸 fdatasync 批次", unit: "/s", goal: None
    };
const OVERWRITTEN: Measure = Measure {
    id: "log.overwritten",
    en: "the same over a file that has its length already",
    zh: "同样字节覆写长度不变的文件",
    unit: "/s",
    goal: None,
};
const RATIO: Measure = Measure {
    id: "log.ratio",
    en: "durable appends to bare batches",
    zh: "持久追加与裸批次之比",
    unit: "",
    goal: Some(Goal::AtLeast(0.5)),
};
const BATCH: Measure = Measure { id: "log.batch", en: "appends to a commit", zh: "每次提交的追加数", unit: "", goal: None };
const MEDIAN: Measure =
    Measure { id: "log.visible.p50", en: "until visible, median", zh: "至可见的耗时，中位数", unit: "ms", goal: None };
const TAIL: Measure = Measure { id: "log.visible.p99", en: "until visible, 99 %", zh: "至可见的耗时，99 %", unit: "ms", goal: None };

/// A domain to append to, and a place beside it.
pub(super) struct Appends {
    runtime: Runtime,
    domain: Arc<Domain>,
    bare: PathBuf,
}

impl Appends {
    pub(super) fn new(place: &Path) -> Result<Self, CliError> {
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().map_err(failed)?;
        let (directory, programs) = (place.join("domain"), Programs::own().map_err(failed)?);
        let domain = runtime.block_on(async {
            Domain::create(&directory, "bench.example/log").await?;
            Domain::open(&directory, programs).await
        })?;
        Ok(Self { runtime, domain: Arc::new(domain), bare: place.join("bare") })
    }

    /// One round; the order of the two parts changes from round to round.
    pub(super) fn measure(&self, round: usize, samples: &mut Samples) -> Result<(), CliError> {
        // The first round has no batch size of its own yet to give to the bare part, so the store begins.
        let (mut store, batch) = self.store()?;
        let bare = self.bare_batches(batch, false)?;
        if round % 2 == 1 {
            store = (store + self.store()?.0) / 2.0;
        }
        samples.add(STORE, store);
        samples.add(BARE, bare);
        samples.add(OVERWRITTEN, self.bare_batches(batch, true)?);
        samples.add(RATIO, store / bare);
        samples.add(BATCH, batch as f64);
        let mut latencies = self.visible()?;
        samples.add(MEDIAN, median(&latencies));
        latencies.sort_by(f64::total_cmp);
        samples.add(TAIL, latencies.get(latencies.len() * 99 / 100).copied().unwrap_or_default());
        Ok(())
    }

    /// Appends a second, and how many shared a commit.
    fn store(&self) -> Result<(f64, u64), CliError> {
        let (began, commits) = (Instant::now(), self.domain.commits());
        self.all(EACH, false)?;
        let seconds = began.elapsed().as_secs_f64();
        let batches = (self.domain.commits() - commits).max(1);
        // What became durable is published before the next measurement.
        self.runtime.block_on(self.domain.make_visible(self.last()?))?;
        Ok(((CALLERS * EACH) as f64 / seconds, (CALLERS * EACH).div_ceil(batches)))
    }

    fn last(&self) -> Result<u64, CliError> {
        Ok(self.runtime.block_on(self.domain.books().log_size()).map_err(failed)?.saturating_sub(1))
    }

    fn visible(&self) -> Result<Vec<f64>, CliError> {
        self.all(EACH_VISIBLE, true)
    }

    /// Each caller appends so many entries, one after the other; how long each took in milliseconds.
    fn all(&self, each: u64, until_visible: bool) -> Result<Vec<f64>, CliError> {
        let callers = (0..CALLERS).map(|caller| {
            let domain = Arc::clone(&self.domain);
            self.runtime.spawn(async move {
                let mut latencies = Vec::new();
                for number in 0..each {
                    let began = Instant::now();
                    let position = domain.log(entry(caller, number), Vec::new()).await?;
                    if until_visible {
                        domain.make_visible(position).await?;
                    }
                    latencies.push(began.elapsed().as_secs_f64() * 1e3);
                }
                Ok::<_, tidegate_service::ServiceError>(latencies)
            })
        });
        let callers: Vec<_> = callers.collect();
        let mut all = Vec::new();
        for caller in callers {
            all.extend(self.runtime.block_on(caller).map_err(failed)??);
        }
        Ok(all)
    }

    /// Entries a second, written in batches of so many.
    fn bare_batches(&self, batch: u64, overwritten: bool) -> Result<f64, CliError> {
        let mut file = File::create(&self.bare).map_err(failed)?;
        let bytes: Vec<u8> = (0..batch as usize * RELEASE_BYTES).map(|at| (at % 251) as u8).collect();
        let batches = (CALLERS * EACH).div_ceil(batch);
        if overwritten {
            (0..batches).try_for_each(|_| file.write_all(&bytes)).map_err(failed)?;
        }
        file.sync_all().and_then(|()| file.rewind()).map_err(failed)?;
        let began = Instant::now();
        for _ in 0..batches {
            file.write_all(&bytes).and_then(|()| file.sync_data()).map_err(failed)?;
        }
        Ok((batches * batch) as f64 / began.elapsed().as_secs_f64())
    }
}

/// An entry as long as those that runs make most.
fn entry(caller: u64, number: u64) -> Event {
    let commitment = Digest::of(&[caller.to_le_bytes(), number.to_le_bytes()].concat());
    Event::Release {
        run: format!("bench-{caller}-{number}"),
        round: 1,
        last: true,
        release_commitment: commitment,
        totals_commitment: commitment,
        pad: String::new(),
    }
}
