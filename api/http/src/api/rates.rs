//! How often one may ask.
//!
//! Guarantee: a bucket of tokens for each address and each credential, filled at a fixed rate; the number of buckets is
//! bounded, and those who find no room share one. What is counted is requests, never what they cost on data.

use std::collections::HashMap;
use std::hash::Hash;
use std::net::IpAddr;
use std::sync::{Mutex, PoisonError};
use std::time::Instant;
use tidegate_terms::Digest;

/// How many requests.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Rate {
    /// At once.
    pub burst: u32,
    /// In a minute, in the long run.
    pub per_minute: u32,
}

/// For whom tokens are counted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum Who {
    /// An address; of IPv6 its network of 64 bits, which one customer has whole.
    Address(IpAddr),
    /// The hash of a credential.
    Credential(Digest),
    Rest,
}

impl Who {
    pub(crate) fn at(address: IpAddr) -> Self {
        Self::Address(match address {
            IpAddr::V6(six) => match six.to_ipv4_mapped() {
                Some(four) => IpAddr::V4(four),
                None => IpAddr::V6((six.to_bits() & !u128::from(u64::MAX)).into()),
            },
            four => four,
        })
    }
}

/// What is left.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Left {
    /// Requests at once.
    pub(crate) requests: u32,
    /// Seconds until the bucket is full, or, where nothing is left, until the next token.
    pub(crate) seconds: u64,
}

#[derive(Debug, Clone, Copy)]
struct Bucket {
    tokens: f64,
    at: Instant,
}

/// Buckets of one rate.
#[derive(Debug)]
pub(crate) struct Rates {
    pub(crate) rate: Rate,
    buckets_max: usize,
    buckets: Mutex<HashMap<Who, Bucket>>,
}

impl Rates {
    pub(crate) fn new(rate: Rate, buckets_max: usize) -> Self {
        Self { rate, buckets_max, buckets: Mutex::default() }
    }

    fn filled(&self, bucket: Bucket, now: Instant) -> f64 {
        let seconds = now.saturating_duration_since(bucket.at).as_secs_f64();
        (bucket.tokens + seconds * f64::from(self.rate.per_minute) / 60.0).min(f64::from(self.rate.burst))
    }

    /// Takes a token; an error says how long to wait.
    pub(crate) fn take(&self, who: Who, now: Instant) -> Result<Left, Left> {
        let mut buckets = self.buckets.lock().unwrap_or_else(PoisonError::into_inner);
        let full = f64::from(self.rate.burst);
        let who = if buckets.contains_key(&who) || buckets.len() < self.buckets_max {
            who
        } else {
            // Full buckets say nothing that a new one would not say.
            buckets.retain(|_, bucket| self.filled(*bucket, now) < full);
            if buckets.len() < self.buckets_max { who } else { Who::Rest }
        };
        let bucket = buckets.entry(who).or_insert(Bucket { tokens: full, at: now });
        let tokens = self.filled(*bucket, now);
        let seconds = |missing: f64| whole((missing * 60.0 / f64::from(self.rate.per_minute.max(1))).ceil());
        let taken = tokens >= 1.0;
        *bucket = Bucket { tokens: if taken { tokens - 1.0 } else { tokens }, at: now };
        if taken {
            Ok(Left { requests: u32::try_from(whole(tokens - 1.0)).unwrap_or(u32::MAX), seconds: seconds(full - (tokens - 1.0)) })
        } else {
            Err(Left { requests: 0, seconds: seconds(1.0 - tokens).max(1) })
        }
    }
}

#[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)] // Small and not negative.
fn whole(number: f64) -> u64 {
    number.max(0.0) as u64
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;

    fn who(number: u8) -> Who {
        Who::Credential(Digest::of(&[number]))
    }

    #[test]
    fn a_burst_then_the_rate() {
        let (rates, now) = (Rates::new(Rate { burst: 3, per_minute: 60 }, 10), Instant::now());
        let left: Vec<_> = (0..3).map(|_| rates.take(who(1), now).unwrap().requests).collect();
        assert_eq!(left, [2, 1, 0]);
        assert_eq!(rates.take(who(1), now), Err(Left { requests: 0, seconds: 1 }));
        assert!(rates.take(who(2), now).is_ok());
        assert!(rates.take(who(1), now + Duration::from_millis(1001)).is_ok());
        assert!(rates.take(who(1), now + Duration::from_millis(1002)).is_err());
        assert_eq!(rates.take(who(1), now + Duration::from_secs(3600)).unwrap(), Left { requests: 2, seconds: 1 });
    }

    #[test]
    fn state_is_bounded_and_strangers_share() {
        let (rates, now) = (Rates::new(Rate { burst: 2, per_minute: 60 }, 2), Instant::now());
        assert!(rates.take(who(1), now).is_ok() && rates.take(who(2), now).is_ok());
        assert!(rates.take(who(3), now).is_ok() && rates.take(who(4), now).is_ok());
        assert!(rates.take(who(5), now).is_err());
        assert!(rates.take(who(1), now).is_ok());
        assert!(rates.buckets.lock().unwrap().len() <= 3);
        let later = now + Duration::from_secs(60);
        assert!(rates.take(who(6), later).is_ok());
        assert!(rates.buckets.lock().unwrap().contains_key(&who(6)));
    }

    #[test]
    fn a_network_of_version_6_is_one_address() {
        let at = |text: &str| Who::at(text.parse().unwrap());
        assert_eq!(at("2001:db8::1"), at("2001:db8::ffff:2"));
        assert_ne!(at("2001:db8::1"), at("2001:db8:0:1::1"));
        assert_eq!(at("::ffff:1.2.3.4"), at("1.2.3.4"));
        assert_ne!(at("1.2.3.4"), at("1.2.3.5"));
    }
}
