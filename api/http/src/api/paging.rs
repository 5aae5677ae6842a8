//! Lists, page by page.
//!
//! Guarantee: a cursor belongs to one list with one set of filters, and says only where the backend stopped. It is no
//! right: the backend asks for each page whether its caller may see it, so nobody gains by making one up.

use super::call::PageWish;
use super::path::encode;
use super::refusals::Refusal;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::{Map, Value, json};
use tidegate_terms::Digest;

/// The most items of a page.
pub(crate) const LIMIT_MAX: u32 = 200;
const LIMIT: u32 = 50;
const CURSOR_BYTES_MAX: usize = 1024;

/// What every list takes in its query.
pub(crate) fn fields() -> Map<String, Value> {
    let limit = json!({ "type": "integer", "minimum": 1, "maximum": LIMIT_MAX, "default": LIMIT, "description": "At most so many items. 每页最多项目数。" });
    let cursor = json!({ "type": "string", "maxLength": CURSOR_BYTES_MAX, "pattern": "^[A-Za-z0-9_-]*$", "description": "Where the page begins: `next` of the page before. 起始位置：前一页的 `next`。" });
    [("limit".to_owned(), limit), ("cursor".to_owned(), cursor)].into_iter().collect()
}

fn list(operation: &str, filters: &Map<String, Value>) -> String {
    let said = Value::Object(filters.clone()).to_string();
    Digest::of_parts(&[operation.as_bytes(), b"\n", said.as_bytes()]).short()
}

/// The cursor of the page after `position`.
pub(crate) fn cursor(operation: &str, filters: &Map<String, Value>, position: &str) -> String {
    URL_SAFE_NO_PAD.encode(format!("{}{position}", list(operation, filters)))
}

/// Takes `limit` and `cursor` out of an input; both have been held against their schemas.
pub(crate) fn take(operation: &str, input: &mut Map<String, Value>) -> Result<PageWish, Refusal> {
    let limit = input.remove("limit").and_then(|limit| limit.as_u64()).and_then(|limit| u32::try_from(limit).ok());
    let cursor = input.remove("cursor");
    let after = match cursor.as_ref().and_then(Value::as_str) {
        None => None,
        Some(text) => {
            let decoded = URL_SAFE_NO_PAD.decode(text).ok().and_then(|bytes| String::from_utf8(bytes).ok()).ok_or(Refusal::Cursor)?;
            let position = decoded.strip_prefix(&list(operation, input)).ok_or(Refusal::Cursor)?;
            Some(position.to_owned())
        }
    };
    Ok(PageWish { limit: limit.unwrap_or(LIMIT), after })
}

/// The `Link` header of a page (RFC 8288): first and, where there is one, next.
pub(crate) fn links(path: &str, filters: &[(String, String)], limit: u32, next: Option<&str>) -> String {
    let kept = filters.iter().filter(|(name, _)| name != "cursor" && name != "limit");
    let query: String = kept.map(|(name, value)| format!("{}={}&", encode(name), encode(value))).collect();
    let first = format!("<{path}?{query}limit={limit}>; rel=\"first\"");
    match next {
        Some(next) => format!("{first}, <{path}?{query}limit={limit}&cursor={}>; rel=\"next\"", encode(next)),
        None => first,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn input(value: Value) -> Map<String, Value> {
        value.as_object().cloned().unwrap_or_default()
    }

    #[test]
    fn a_cursor_comes_back_to_its_own_list_alone() {
        let filters = input(json!({"tag": "a"}));
        let cursor = cursor("notes.list", &filters, "17/海");
        let mut asked = input(json!({"tag": "a", "limit": 7, "cursor": cursor}));
        assert_eq!(take("notes.list", &mut asked).unwrap(), PageWish { limit: 7, after: Some("17/海".into()) });
        assert_eq!(asked, filters);
        for (operation, other) in [("other.list", json!({"tag": "a"})), ("notes.list", json!({"tag": "b"})), ("notes.list", json!({}))] {
            let mut asked = input(other);
            asked.insert("cursor".into(), json!(cursor));
            assert_eq!(take(operation, &mut asked), Err(Refusal::Cursor));
        }
        for wrong in ["", "!", "AAAA", "====", "_____w"] {
            assert_eq!(take("notes.list", &mut input(json!({"tag": "a", "cursor": wrong}))), Err(Refusal::Cursor), "{wrong}");
        }
        assert_eq!(take("notes.list", &mut input(json!({}))).unwrap(), PageWish { limit: LIMIT, after: None });
    }

    #[test]
    fn links_keep_filters_and_encode_them() {
        let filters = [("tag".to_owned(), "a&b>".to_owned()), ("cursor".to_owned(), "old".to_owned())];
        assert_eq!(
            links("/v1/notes", &filters, 5, Some("x-y")),
            "</v1/notes?tag=a%26b%3E&limit=5>; rel=\"first\", </v1/notes?tag=a%26b%3E&limit=5&cursor=x-y>; rel=\"next\""
        );
        assert_eq!(links("/v1/notes", &[], 5, None), "</v1/notes?limit=5>; rel=\"first\"");
    }
}
