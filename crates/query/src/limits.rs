//! What a text from outside may be, as the document says it. Each has its parser beside it, or names it.

use schemars::{Schema, json_schema};

/// One line: any text without control characters.
pub const LINE: &str = r"^[^\u0000-\u001f\u007f-\u009f]*$";

/// One line that is not blank.
pub const WORDS: &str = concat!(
    r"^[^\u0000-\u001f\u007f-\u009f]*",
    r"[^\u0000-\u0020\u007f-\u00a0\u1680\u2000-\u200a\u2028\u2029\u202f\u205f\u3000]",
    r"[^\u0000-\u001f\u007f-\u009f]*$"
);

/// A shop's name, as [`events::Shop`] reads it.
pub const SHOP: &str = "^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$";

/// Whether a text is what [`LINE`] says, and of no more than so many characters.
pub fn is_line(text: &str, longest: usize) -> bool {
    text.chars().count() <= longest && !text.chars().any(char::is_control)
}

/// Whether a text is what [`WORDS`] says, and of no more than so many characters.
pub fn is_words(text: &str, longest: usize) -> bool {
    is_line(text, longest) && !text.trim().is_empty()
}

/// An id of Shopify's.
pub fn id() -> Schema {
    let pattern = format!("^({})$", up_to(i64::MAX.unsigned_abs()));
    json_schema!({"type": "string", "description": "A whole number from 1 to 9223372036854775807", "pattern": pattern})
}

/// A position of the log.
pub fn position() -> Schema {
    json_schema!({"type": "integer", "format": "uint64", "minimum": 0, "maximum": u64::MAX})
}

/// The same as text.
pub fn position_text() -> Schema {
    json_schema!({"type": "string", "pattern": format!("^(0|{})$", up_to(u64::MAX))})
}

/// The decimals from 1 to `greatest`, as a regular expression.
fn up_to(greatest: u64) -> String {
    let text = greatest.to_string();
    let shorter = format!("[1-9][0-9]{{0,{}}}", text.len() - 2);
    // As long as it, equal up to a place and smaller there.
    let smaller = text.bytes().enumerate().filter_map(|(place, digit)| {
        let (first, rest) = (if place == 0 { b'1' } else { b'0' }, text.len() - place - 1);
        let range = format!("[{}-{}]", first as char, (digit - 1) as char);
        (digit > first).then(|| format!("{}{range}[0-9]{{{rest}}}", &text[..place]))
    });
    [shorter].into_iter().chain(smaller).chain([text.clone()]).collect::<Vec<_>>().join("|")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_bound_is_met_exactly() {
        assert_eq!(up_to(305), "[1-9][0-9]{0,1}|[1-2][0-9]{2}|30[0-4][0-9]{0}|305");
    }
}
