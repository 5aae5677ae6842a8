//! What the noise process answered, of what left: kept beside a release, so that a replay can hold it against exact totals.
//!
//! Guarantee: it tells nothing that the noise did not pay for. Discovered keys below their threshold are not in it, nor
//! are their noised counts; everything else was drawn and paid, and the release is a function of it. Releases round,
//! order and clamp, and a mean no longer says what was drawn: without this, nobody could compare later.

use tidegate_statistics::Layout;
use tidegate_terms::messages;

messages! {
    /// Why bytes are no noised answers.
    pub enum NoisedError {
        Shape = "noised.shape" {
            en: "the noised answers kept with a release cannot be read: restore the domain's database from a backup",
            zh: "无法读取随发布结果保存的加噪应答：请从备份恢复数据域的数据库",
        },
    }
}

/// The noised answers of one release, part by part, in steps of each part's grid.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Noised {
    /// For each statistic with discovered keys: those that reached their threshold, in order.
    pub(crate) keys: Vec<Vec<String>>,
    /// For each part, its answers; of discovered keys, those of the keys above.
    pub(crate) parts: Vec<Vec<i128>>,
}

impl Noised {
    /// Whether it has as many answers as a layout makes.
    pub(crate) fn fits(&self, layout: &Layout) -> bool {
        let mut keys = self.keys.iter();
        let mut parts = self.parts.iter();
        let statistic = |placed: &tidegate_statistics::Placed| {
            let groups = match placed.discovered {
                Some(_) => keys.next().map(Vec::len),
                None => Some(placed.groups()),
            };
            let part = |part: &tidegate_statistics::Part| {
                let groups = if part.shared { Some(1) } else { groups };
                parts.next().map(Vec::len) == groups.map(|groups| groups * part.width)
            };
            // Every part takes its turn, also after one that does not fit.
            placed.parts.iter().map(part).fold(true, |all, one| all & one)
        };
        let fit = layout.statistics().iter().map(statistic).fold(true, |all, one| all & one);
        fit && keys.next().is_none() && parts.next().is_none()
    }

    /// As bytes: the width of a number, then each list with its length.
    pub fn to_bytes(&self) -> Vec<u8> {
        let narrow = self.parts.iter().flatten().all(|answer| i64::try_from(*answer).is_ok());
        let width = if narrow { 8 } else { 16 };
        let mut bytes = vec![width as u8];
        let length = |bytes: &mut Vec<u8>, length: usize| bytes.extend((length as u64).to_le_bytes());
        length(&mut bytes, self.keys.len());
        for keys in &self.keys {
            length(&mut bytes, keys.len());
            for key in keys {
                length(&mut bytes, key.len());
                bytes.extend(key.as_bytes());
            }
        }
        length(&mut bytes, self.parts.len());
        for part in &self.parts {
            length(&mut bytes, part.len());
            part.iter().for_each(|answer| bytes.extend(&answer.to_le_bytes()[..width]));
        }
        bytes
    }

    /// Reads what [`Noised::to_bytes`] wrote, and nothing else.
    pub fn parse(bytes: &[u8]) -> Result<Self, NoisedError> {
        let mut rest = Rest(bytes);
        let read = Self::read(&mut rest).filter(|read| rest.0.is_empty() && read.to_bytes() == bytes);
        read.ok_or(NoisedError::Shape)
    }

    fn read(rest: &mut Rest<'_>) -> Option<Self> {
        let width = usize::from(*rest.take(1)?.first()?);
        if width != 8 && width != 16 {
            return None;
        }
        let key = |rest: &mut Rest<'_>| {
            let length = rest.length()?;
            Some(std::str::from_utf8(rest.take(length)?).ok()?.to_owned())
        };
        let keys = |rest: &mut Rest<'_>| (0..rest.length()?).map(|_| key(rest)).collect::<Option<Vec<_>>>();
        let answer = |bytes: &[u8]| match width {
            8 => i128::from(i64::from_le_bytes(std::array::from_fn(|at| bytes[at]))),
            _ => i128::from_le_bytes(std::array::from_fn(|at| bytes[at])),
        };
        let part = |rest: &mut Rest<'_>| {
            let length = rest.length()?;
            Some(rest.take(length.checked_mul(width)?)?.chunks_exact(width).map(answer).collect::<Vec<_>>())
        };
        let keys = (0..rest.length()?).map(|_| keys(rest)).collect::<Option<_>>()?;
        let parts = (0..rest.length()?).map(|_| part(rest)).collect::<Option<_>>()?;
        Some(Self { keys, parts })
    }
}

/// Bytes that are left to read.
struct Rest<'a>(&'a [u8]);

impl<'a> Rest<'a> {
    fn take(&mut self, bytes: usize) -> Option<&'a [u8]> {
        let (head, rest) = self.0.split_at_checked(bytes)?;
        self.0 = rest;
        Some(head)
    }

    /// A length; never more than there are bytes.
    fn length(&mut self) -> Option<usize> {
        let length = u64::from_le_bytes(self.take(8)?.try_into().ok()?);
        usize::try_from(length).ok().filter(|length| *length <= self.0.len())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn answers_come_back_and_damaged_ones_do_not() {
        for parts in [vec![vec![1, -2, i128::from(i64::MAX)], vec![]], vec![vec![i128::MAX, i128::MIN, 0]]] {
            let noised = Noised { keys: vec![vec!["甲".into(), "b".into()], vec![]], parts };
            let bytes = noised.to_bytes();
            assert_eq!(Noised::parse(&bytes).expect("own bytes"), noised);
            for cut in 0..bytes.len() {
                assert!(Noised::parse(&bytes[..cut]).is_err(), "cut at {cut}");
            }
            assert!(Noised::parse(&[bytes.as_slice(), &[0]].concat()).is_err());
            let mut long = bytes.clone();
            long[8] = 0xff;
            assert!(Noised::parse(&long).is_err());
        }
    }
}
