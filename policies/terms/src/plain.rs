//! Texts of strangers that people will read: on a terminal, in a page, in a spreadsheet.
//!
//! Titles come from an operator's manifest, keys and names of findings from a hostile module. Guarantee: a plain text
//! cannot move a cursor, colour a line, turn the direction of what follows, or hide a part of itself, so that what a
//! reviewer sees is what is there (Unicode Technical Report 36; CVE-2021-42574). Rejected: escaping at each place
//! where something is printed, since one is always forgotten.

/// Whether a text has only characters that are seen: no control characters, no line breaks, none that change
/// direction, none without width.
pub fn is_plain(text: &str) -> bool {
    !text.chars().any(is_hidden)
}

/// A text for a terminal whatever it holds: hidden characters are written as escapes, and what is longer than
/// `characters` is cut. Line breaks and tabs stay.
pub fn made_plain(text: &str, characters: usize) -> String {
    let mut plain = String::new();
    for character in text.chars().take(characters) {
        match character {
            '\n' | '\t' => plain.push(character),
            hidden if is_hidden(hidden) => plain.extend(hidden.escape_unicode()),
            seen => plain.push(seen),
        }
    }
    if text.chars().nth(characters).is_some() {
        plain.push('…');
    }
    plain
}

fn is_hidden(character: char) -> bool {
    character.is_control()
        || matches!(character,
            '\u{ad}' | '\u{34f}' | '\u{61c}' | '\u{115f}' | '\u{1160}' | '\u{17b4}' | '\u{17b5}' | '\u{180b}'..='\u{180f}'
            | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{3164}' | '\u{fe00}'..='\u{fe0f}'
            | '\u{feff}' | '\u{ffa0}' | '\u{fff0}'..='\u{fffb}' | '\u{e0000}'..='\u{e0fff}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_seen_is_plain_and_what_is_not_is_not() {
        for plain in ["", "历下区", "Mean visits (by plan) ±2 €", "é", "-5", "=x", "👍"] {
            assert!(is_plain(plain), "{plain:?}");
        }
        for hidden in
            ["\u{1b}[2J", "a\nb", "a\rb", "a\tb", "\u{202e}fdp", "a\u{200b}b", "\u{feff}a", "a\0", "\u{85}", "\u{e0041}", "a\u{fe0f}"]
        {
            assert!(!is_plain(hidden), "{hidden:?}");
        }
    }

    #[test]
    fn a_text_for_a_terminal_says_everything_and_does_nothing() {
        assert_eq!(made_plain("a\u{1b}[31mb\nc", 100), "a\\u{1b}[31mb\nc");
        assert_eq!(made_plain("四个汉字", 2), "四个…");
        assert_eq!(made_plain("ab", 2), "ab");
    }
}
