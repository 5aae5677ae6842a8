//! Which language a caller reads (`Accept-Language`, RFC 9110 section 12.5.4).

use tidegate_terms::Language;

/// The tag of a language.
pub(crate) fn tag(language: Language) -> &'static str {
    match language {
        Language::English => "en",
        Language::Chinese => "zh",
    }
}

/// The language of a tag that [`tag`] wrote.
pub(crate) fn of_tag(text: &str) -> Language {
    if text == "zh" { Language::Chinese } else { Language::English }
}

/// Chooses between Chinese and English by quality; English where nothing is said or they are liked equally, unless
/// Chinese was named first.
pub(crate) fn choose(header: &str) -> Language {
    let (mut chinese, mut english) = (None, None);
    for (place, range) in header.split(',').take(32).enumerate() {
        let mut parts = range.split(';');
        let name = parts.next().unwrap_or_default().trim();
        let quality = parts.find_map(|part| part.trim().strip_prefix("q=")).map_or(Some(1000), quality);
        let Some(quality) = quality else { continue };
        // Earlier is better among equals.
        let liked = (quality, usize::MAX - place);
        let primary = name.split('-').next().unwrap_or_default();
        if primary.eq_ignore_ascii_case("zh") {
            chinese = chinese.max(Some(liked));
        } else if primary.eq_ignore_ascii_case("en") || name == "*" {
            english = english.max(Some(liked));
        }
    }
    let zero = |liked: &(u32, usize)| liked.0 > 0;
    match (chinese.filter(zero), english.filter(zero)) {
        (Some(chinese), Some(english)) if chinese > english => Language::Chinese,
        (Some(_), None) => Language::Chinese,
        _ => Language::English,
    }
}

/// Thousandths of a quality such as `0.8`.
fn quality(text: &str) -> Option<u32> {
    let (whole, part) = text.trim().split_once('.').unwrap_or((text.trim(), ""));
    if !matches!(whole, "0" | "1") || part.len() > 3 || !part.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    let thousandths: u32 = format!("{part:0<3}").parse().ok()?;
    let quality = whole.parse::<u32>().ok()? * 1000 + thousandths;
    (quality <= 1000).then_some(quality)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_better_quality_wins_and_english_is_the_default() {
        let cases = [
            ("", Language::English),
            ("zh", Language::Chinese),
            ("zh-CN,zh;q=0.9,en;q=0.8", Language::Chinese),
            ("en-GB, zh;q=0.9", Language::English),
            ("fr, zh;q=0.1", Language::Chinese),
            ("en;q=0.5, zh-Hans;q=0.501", Language::Chinese),
            ("en;q=0, zh;q=0", Language::English),
            ("zh;q=0, *", Language::English),
            ("de, *;q=0.5", Language::English),
            ("zh;q=2, en;q=0.1", Language::English),
            ("zh;q=0.1234, en;q=0.1", Language::English),
            (";;;q=,,", Language::English),
        ];
        for (header, wanted) in cases {
            assert_eq!(choose(header), wanted, "{header}");
        }
    }
}
