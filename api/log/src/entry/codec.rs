//! The text of an entry, written and read in one pass.
//!
//! Guarantee: what [`read`] accepts may still not be canonical; the caller writes it again and compares. Only
//! speed is decided here: an audit reads a million entries, and serde's `flatten` and internally tagged enums
//! keep every value of an entry as a tree before they make it what it is. The variant's name is therefore
//! taken out of the text and handed to serde as the key around the fields, which reads straight into the type.
//!
//! Rejected: a parser of our own. Texts, escapes and numbers stay with `serde_json`.

use super::{EntryError, Event, VERSION};
use serde::Deserialize;

/// What stands before the instant of an entry of this version.
const BEFORE_AT: &[u8] = br#"{"v":1,"at":""#;
const BEFORE_TYPE: &[u8] = br#"","type":""#;
const INSTANT_BYTES: usize = 20;

/// The text of an entry; with a length, an empty `pad` at its end is filled up to it.
pub(super) fn write(at: &str, event: &Event, length: Option<usize>) -> Result<Vec<u8>, EntryError> {
    // `{"reserve":{"run":...}}` becomes `"reserve","run":...}`.
    let tagged = serde_json::to_vec(event).map_err(syntax)?;
    let name_end = tagged.iter().position(|byte| *byte == b':').unwrap_or(0);
    let (Some(name), Some(fields)) = (tagged.get(1..name_end), tagged.get(name_end + 2..tagged.len().saturating_sub(1))) else {
        return Err(EntryError::Syntax { detail: "an event has no fields".into() });
    };
    let mut bytes = Vec::with_capacity(tagged.len() + 64);
    bytes.extend(&BEFORE_AT[..BEFORE_AT.len() - 1]);
    serde_json::to_writer(&mut bytes, at).map_err(syntax)?;
    bytes.extend(&BEFORE_TYPE[1..BEFORE_TYPE.len() - 1]);
    bytes.extend(name);
    bytes.push(b',');
    bytes.extend(fields);
    if let Some(length) = length {
        // The text ends with `"pad":""}`.
        bytes.truncate(bytes.len() - 2);
        bytes.resize((bytes.len() + 2).max(length) - 2, b'.');
        bytes.extend(br#""}"#);
    }
    Ok(bytes)
}

/// Reads a text that is laid out as [`write`] does; `None` for anything else, which may still be an entry.
pub(super) fn read(bytes: &[u8]) -> Option<(String, Event)> {
    let (at, rest) = bytes.strip_prefix(BEFORE_AT)?.split_at_checked(INSTANT_BYTES)?;
    let rest = rest.strip_prefix(BEFORE_TYPE)?;
    let (name, fields) = rest.split_at(rest.iter().position(|byte| *byte == b'"')?);
    let tagged = [br#"{""#, name, br#"":{"#, fields.strip_prefix(br#"","#)?, b"}"].concat();
    let at = std::str::from_utf8(at).ok()?;
    Some((at.to_owned(), serde_json::from_slice(&tagged).ok()?))
}

#[derive(Deserialize)]
struct Versioned {
    v: u32,
}

#[derive(Deserialize)]
struct Loose {
    at: String,
    #[serde(rename = "type")]
    name: String,
    #[serde(flatten)]
    fields: serde_json::Map<String, serde_json::Value>,
}

/// Reads an entry however it is laid out, to say what is wrong with it.
pub(super) fn read_any(bytes: &[u8]) -> Result<(String, Event), EntryError> {
    let Versioned { v: version } = serde_json::from_slice(bytes).map_err(syntax)?;
    if version != VERSION {
        return Err(EntryError::Version { version });
    }
    let Loose { at, name, mut fields } = serde_json::from_slice(bytes).map_err(syntax)?;
    fields.remove("v");
    let tagged = serde_json::Map::from_iter([(name, serde_json::Value::Object(fields))]);
    Ok((at, serde_json::from_value(serde_json::Value::Object(tagged)).map_err(syntax)?))
}

fn syntax(error: serde_json::Error) -> EntryError {
    EntryError::Syntax { detail: error.to_string() }
}
