//! Finds a planted value in any bytes, as it is or in its usual encodings.
//!
//! What it does not find: a value that was compressed, encrypted or cut into pieces shorter than the whole. No output here
//! compresses text; Parquet files of products do, and their values stand beside them as CSV.

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE};
use std::collections::HashMap;

/// A planted value.
#[derive(Debug, Clone, Copy)]
pub enum Token {
    /// A text.
    Text(&'static str),
    /// An integer whose digits occur nowhere else.
    Integer(i64),
    /// A number whose digits occur nowhere else.
    Float(f64),
}

/// An encoding of a token.
#[derive(Debug, Clone)]
pub struct Pattern {
    pub name: String,
    pub bytes: Vec<u8>,
}

impl Token {
    /// All encodings that are searched.
    pub fn patterns(self) -> Vec<Pattern> {
        let mut patterns = Vec::new();
        let mut add = |name: &str, bytes: Vec<u8>| patterns.push(Pattern { name: format!("{self:?} as {name}"), bytes });
        let text = match self {
            Self::Text(text) => text.to_owned(),
            Self::Integer(integer) => {
                add("binary, little-endian", integer.to_le_bytes().to_vec());
                add("binary, big-endian", integer.to_be_bytes().to_vec());
                integer.to_string()
            }
            Self::Float(float) => {
                add("binary, little-endian", float.to_le_bytes().to_vec());
                add("binary, big-endian", float.to_be_bytes().to_vec());
                float.to_string()
            }
        };
        let bytes = text.as_bytes();
        add("UTF-8", bytes.to_vec());
        add("UTF-16, little-endian", text.encode_utf16().flat_map(u16::to_le_bytes).collect());
        add("UTF-16, big-endian", text.encode_utf16().flat_map(u16::to_be_bytes).collect());
        let each = |format: &dyn Fn(&u8) -> String| bytes.iter().map(format).collect::<String>().into_bytes();
        add("hexadecimal", each(&|byte| format!("{byte:02x}")));
        add("capital hexadecimal", each(&|byte| format!("{byte:02X}")));
        add("URL", each(&|byte| format!("%{byte:02X}")));
        add("small URL", each(&|byte| format!("%{byte:02x}")));
        add("JSON escapes", each(&|byte| format!("\\u{byte:04x}")));
        add("decimal bytes", bytes.iter().map(u8::to_string).collect::<Vec<_>>().join(",").into_bytes());
        add("spaced decimal bytes", bytes.iter().map(u8::to_string).collect::<Vec<_>>().join(", ").into_bytes());
        for before in 0..3 {
            add(&format!("base64 after {before} bytes"), base64_inside(bytes, before, &STANDARD));
            add(&format!("URL base64 after {before} bytes"), base64_inside(bytes, before, &URL_SAFE));
        }
        patterns
    }
}

/// The characters of base64 that depend on the token alone, where so many bytes stand before it.
fn base64_inside(bytes: &[u8], before: usize, engine: &impl base64::Engine) -> Vec<u8> {
    let padded = [&vec![0; before], bytes].concat();
    let encoded = engine.encode(&padded).into_bytes();
    let first = (before * 8).div_ceil(6);
    let last = padded.len() * 8 / 6;
    encoded[first..last].to_vec()
}

/// All patterns of some tokens, by their first four bytes.
pub struct Searcher {
    patterns: Vec<Pattern>,
    by_start: HashMap<[u8; 4], Vec<usize>>,
}

impl Searcher {
    /// For these tokens; each pattern has at least eight bytes, so that none is there by chance.
    pub fn new(tokens: &[Token]) -> Self {
        let patterns: Vec<Pattern> = tokens.iter().flat_map(|token| token.patterns()).collect();
        let mut by_start: HashMap<_, Vec<_>> = HashMap::new();
        for (at, pattern) in patterns.iter().enumerate() {
            assert!(pattern.bytes.len() >= 8, "{} is too short", pattern.name);
            by_start.entry(std::array::from_fn(|i| pattern.bytes[i])).or_default().push(at);
        }
        Self { patterns, by_start }
    }

    /// The patterns that occur in some bytes.
    pub fn find(&self, bytes: &[u8]) -> Vec<&Pattern> {
        let mut found = vec![false; self.patterns.len()];
        for (at, start) in bytes.windows(4).enumerate() {
            let Some(candidates) = self.by_start.get(start) else { continue };
            for candidate in candidates {
                found[*candidate] |= bytes[at..].starts_with(&self.patterns[*candidate].bytes);
            }
        }
        self.patterns.iter().zip(found).filter_map(|(pattern, found)| found.then_some(pattern)).collect()
    }
}

/// Every encoding of every token is found wherever it stands, and nothing is found where it does not. Without this a
/// search that finds nothing would prove nothing.
#[test]
fn every_encoding_is_found_and_nothing_else() {
    let tokens = [Token::Text("Canary-42-ü"), Token::Integer(918_273_645_546_372_819), Token::Float(7_391.826_530_194_7)];
    let searcher = Searcher::new(&tokens);
    let noise: Vec<u8> = (0..70_000_u32).map(|number| (number.wrapping_mul(2_654_435_761) >> 13) as u8).collect();
    assert!(searcher.find(&noise).is_empty());
    let mut count = 0;
    for token in tokens {
        for pattern in token.patterns() {
            for place in [0, 1, 2, 3, 40_001, noise.len()] {
                let hidden = [&noise[..place], &pattern.bytes, &noise[place..]].concat();
                assert!(searcher.find(&hidden).iter().any(|found| found.name == pattern.name), "{}", pattern.name);
            }
            count += 1;
        }
    }
    assert!(count > 50, "{count} encodings");
    // As whole programs would encode it, with something before and after.
    for before in ["", "x", "xy"] {
        let text = format!("{before}Canary-42-ü, and more");
        assert!(!searcher.find(STANDARD.encode(&text).as_bytes()).is_empty(), "base64 of {text}");
        assert!(!searcher.find(URL_SAFE.encode(&text).as_bytes()).is_empty(), "base64 of {text}");
    }
    let half = &tokens[0].patterns()[0].bytes[..6];
    assert!(searcher.find(half).is_empty(), "half a token is none");
}
