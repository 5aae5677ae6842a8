//! The noise process: OpenDP's discrete mechanisms over exact totals.

use crate::CalibrationError;
use opendp::core::{Measure, Measurement, Metric, MetricSpace};
use opendp::domains::{AtomDomain, VectorDomain};
use opendp::measurements::{make_gaussian, make_laplace};
use opendp::measures::{MaxDivergence, ZeroConcentratedDivergence};
use opendp::metrics::{L1Distance, L2Distance};
use serde::{Deserialize, Serialize};
use std::io::{self, Read, Write};
use std::process::Command;
use std::time::{Duration, Instant};
use tidegate_accountant::{gaussian_rho, laplace_rho};
use tidegate_engine::{FrameError, Running, read_frame, write_frame};
use tidegate_terms::{Digest, Guard, Mechanism, Rho, messages, stands};

messages! {
    /// Why no noise was drawn. The totals stay where they are; the run can continue under its reservation.
    pub enum NoiseError {
        Spawn { detail: String } = "noise.spawn" {
            en: "the noise process cannot be started: {detail}",
            zh: "无法启动噪声进程：{detail}",
        },
        Shape = "noise.shape" {
            en: "the noise process answered with another number of values than it was asked for",
            zh: "噪声进程返回的数值个数与请求不符",
        },
        Mechanism { detail: String } = "noise.mechanism" {
            en: "the noise process failed: {detail}",
            zh: "噪声进程出错：{detail}",
        };
        Frame(FrameError)
    }
}

type Integers = VectorDomain<AtomDomain<i128>>;

fn integers() -> Integers {
    VectorDomain::new(AtomDomain::<i128>::new_non_nan())
}

fn gaussian(scale: f64) -> opendp::error::Fallible<Measurement<Integers, L2Distance<f64>, ZeroConcentratedDivergence, Vec<i128>>> {
    make_gaussian(integers(), L2Distance::default(), scale, None)
}

fn laplace(scale: f64) -> opendp::error::Fallible<Measurement<Integers, L1Distance<f64>, MaxDivergence, Vec<i128>>> {
    make_laplace(integers(), L1Distance::default(), scale, None)
}

/// What a mechanism costs at a sensitivity as Gaussian DP, never less than OpenDP's own privacy map says.
pub(crate) fn mechanism_rho(mechanism: Mechanism, scale: f64, sensitivity: f64) -> Result<Rho, CalibrationError> {
    match mechanism {
        Mechanism::Gaussian => Ok(Rho::price(map(gaussian(scale), &sensitivity)?).max(gaussian_rho(scale, sensitivity))),
        Mechanism::Laplace => {
            let epsilon: f64 = map(laplace(scale), &sensitivity)?;
            Ok(laplace_rho(epsilon))
        }
    }
}

fn map<MI: Metric<Distance = f64>, MO: Measure<Distance = f64>>(
    measurement: opendp::error::Fallible<Measurement<Integers, MI, MO, Vec<i128>>>,
    sensitivity: &f64,
) -> Result<f64, CalibrationError>
where
    (Integers, MI): MetricSpace,
{
    let price = measurement.and_then(|measurement| measurement.map(sensitivity));
    price.map_err(|error| CalibrationError::Opendp { detail: error.to_string() })
}

/// So many totals, in order, get this noise.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Draw {
    pub(crate) mechanism: Mechanism,
    pub(crate) scale: f64,
    pub(crate) totals: usize,
    /// The scale is in steps of a grid that is 2 to this power finer than that of the totals.
    pub(crate) finer_bits: u32,
}

#[derive(Debug, Serialize, Deserialize)]
enum Drawn {
    Noised,
    Failed { detail: String },
}

/// As many noised totals as any admitted layout has, discovered keys included.
const BODY_MAX: u64 = 512 << 20;
/// Writable memory of the noise process.
const DATA_BYTES: u64 = 2 << 30;

/// Serves one request on a pipe and ends: every release gets a process of its own, so that a copied
/// process image can never repeat noise.
pub fn serve_noise(mut from: impl Read, mut to: impl Write) -> Result<(), FrameError> {
    tidegate_walls::die_with_parent();
    tidegate_walls::yield_to_servers();
    // The first draw seeds OpenSSL's generator while it may still look for its entropy; the walls come
    // before the first total.
    let _ = add_noise(&[Draw { mechanism: Mechanism::Gaussian, scale: 1.0, totals: 1, finer_bits: 0 }], &[0]);
    tidegate_walls::raise(DATA_BYTES);
    let (draws, body) = read_frame::<Vec<Draw>>(&mut from, BODY_MAX)?;
    let totals: Vec<i128> = body.chunks_exact(8).map(|bytes| i128::from(i64::from_le_bytes(std::array::from_fn(|i| bytes[i])))).collect();
    match add_noise(&draws, &totals) {
        Ok(noised) => {
            let body: Vec<u8> = noised.iter().flat_map(|total| total.to_le_bytes()).collect();
            write_frame(&mut to, &Drawn::Noised, &body)
        }
        Err(detail) => write_frame(&mut to, &Drawn::Failed { detail }, &[]),
    }
}

fn add_noise(draws: &[Draw], totals: &[i128]) -> Result<Vec<i128>, String> {
    if !stands(Guard::Noise) {
        return Ok(totals.to_vec());
    }
    let mut noised = Vec::with_capacity(totals.len());
    let mut rest = totals;
    for draw in draws {
        let (here, after) = rest.split_at_checked(draw.totals).ok_or("fewer totals than draws")?;
        let bits = draw.finer_bits;
        let shifted = |total: &i128| total.checked_shl(bits).filter(|finer| finer >> bits == *total);
        let here: Vec<i128> = here.iter().map(shifted).collect::<Option<_>>().ok_or("a grid that is too fine")?;
        let answer = match draw.mechanism {
            Mechanism::Gaussian => gaussian(draw.scale).and_then(|measurement| measurement.invoke(&here)),
            Mechanism::Laplace => laplace(draw.scale).and_then(|measurement| measurement.invoke(&here)),
        };
        // To the nearest step of the totals' own grid; that is post-processing.
        let half = (1_i128 << bits) >> 1;
        noised.extend(answer.map_err(|error| error.to_string())?.into_iter().map(|finer| finer.saturating_add(half) >> bits));
        rest = after;
    }
    if rest.is_empty() { Ok(noised) } else { Err("more totals than draws".into()) }
}

/// Starts the noise process.
pub(crate) type Start<'a> = dyn FnMut() -> io::Result<Running> + 'a;

/// What noise would be if it came from a seed: the same for the same totals, whoever draws it and when.
fn repeated(draws: &[Draw], totals: &[i64]) -> Vec<i128> {
    let scales = draws.iter().flat_map(|draw| std::iter::repeat_n(draw.scale / 2f64.powi(draw.finer_bits as i32), draw.totals));
    let noised = |(place, (total, scale)): (usize, (&i64, f64))| {
        let digest = Digest::of(&[place as i64, *total].map(i64::to_le_bytes).concat());
        i128::from(*total) + ((f64::from(digest.0[0]) / 128.0 - 1.0) * scale) as i128
    };
    totals.iter().zip(scales).enumerate().map(noised).collect()
}

/// Has noise added in a fresh process.
pub(crate) fn draw(start: &mut Start<'_>, draws: &[Draw], totals: &[i64]) -> Result<Vec<i128>, NoiseError> {
    if !stands(Guard::FreshNoise) {
        return Ok(repeated(draws, totals));
    }
    let mut running = start().map_err(|error| NoiseError::Spawn { detail: error.to_string() })?;
    let body: Vec<u8> = totals.iter().flat_map(|total| total.to_le_bytes()).collect();
    let asked = write_frame(&mut running.to, &draws, &body).map_err(NoiseError::from);
    asked.and_then(|()| read_drawn(&mut running.from, totals.len()))
}

/// Reads what the noise process answers for so many totals.
pub(crate) fn read_drawn(from: &mut impl Read, totals: usize) -> Result<Vec<i128>, NoiseError> {
    match read_frame::<Drawn>(from, (totals as u64).saturating_mul(16).min(BODY_MAX))? {
        (Drawn::Failed { detail }, _) => Err(NoiseError::Mechanism { detail }),
        (Drawn::Noised, body) if body.len() != totals * 16 => Err(NoiseError::Shape),
        (Drawn::Noised, body) => Ok(body.chunks_exact(16).map(|bytes| i128::from_le_bytes(std::array::from_fn(|i| bytes[i]))).collect()),
    }
}

/// How long so many totals take at worst in a fresh process, of several repetitions: for a calibration. The totals are
/// zeros and what comes back is dropped.
pub fn noise_time(command: &mut dyn FnMut() -> Command, totals: usize, repetitions: usize) -> Result<Duration, NoiseError> {
    // As wide as a scale and as fine as a grid ever get; wider noise takes longer to draw.
    let slow = [(Mechanism::Gaussian, (1_u64 << 60) as f64, 30), (Mechanism::Laplace, (1_u64 << 60) as f64, 0)];
    let mut longest = Duration::ZERO;
    for (mechanism, scale, finer_bits) in slow.into_iter().cycle().take(slow.len() * repetitions) {
        let before = Instant::now();
        draw(&mut || Running::alone(&mut command()), &[Draw { mechanism, scale, totals, finer_bits }], &vec![0; totals])?;
        longest = longest.max(before.elapsed());
    }
    Ok(longest)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn prices_are_those_of_the_papers() {
        let rho = mechanism_rho(Mechanism::Gaussian, 10.0, 1.0).expect("gaussian").get();
        assert!((rho - 0.005).abs() < 1e-9, "{rho}");
        // A tenth of epsilon, pure, is nearly pi/4 times its square.
        let rho = mechanism_rho(Mechanism::Laplace, 10.0, 1.0).expect("laplace").get();
        assert!((rho - 0.007_853).abs() < 2e-6, "{rho}");
    }

    /// False-alarm rate: each bound is at least 6 standard errors wide, so below 1e-8 for the whole test.
    #[test]
    fn noise_has_its_scale_and_differs_between_draws() {
        for (mechanism, deviation) in [(Mechanism::Gaussian, 50.0), (Mechanism::Laplace, 50.0 * 2f64.sqrt())] {
            let (scale, finer_bits) = if mechanism == Mechanism::Gaussian { (50.0 * 1_048_576.0, 20) } else { (50.0, 0) };
            let draws = [Draw { mechanism, scale, totals: 20_000, finer_bits }];
            let noised = add_noise(&draws, &vec![7; 20_000]).expect("noise");
            let n = noised.len() as f64;
            let mean = noised.iter().map(|x| (x - 7) as f64).sum::<f64>() / n;
            let variance = noised.iter().map(|x| ((x - 7) as f64).powi(2)).sum::<f64>() / n;
            assert!(mean.abs() < 6.0 * deviation / n.sqrt(), "{mechanism:?} mean {mean}");
            let spread = variance / (deviation * deviation);
            assert!((spread - 1.0).abs() < 6.0 * (5.0 / n).sqrt(), "{mechanism:?} variance {variance}");
            assert_ne!(noised, add_noise(&draws, &vec![7; 20_000]).expect("noise"));
        }
    }

    #[test]
    fn every_total_gets_exactly_one_draw() {
        let draw = |totals| Draw { mechanism: Mechanism::Gaussian, scale: 1.0, totals, finer_bits: 0 };
        assert!(add_noise(&[draw(2)], &[1, 2, 3]).is_err());
        assert!(add_noise(&[draw(4)], &[1, 2, 3]).is_err());
        assert_eq!(add_noise(&[draw(1), draw(2)], &[1, 2, 3]).expect("noise").len(), 3);
    }
}
