use std::collections::BTreeSet;

use unicode_normalization::UnicodeNormalization;
use unicode_normalization::char::is_combining_mark;

/// So much of a word tells it from others.
const LETTERS: usize = 64;
/// Bytes of a row's words; a PostgreSQL index takes a mebibyte of a row's.
const BYTES: usize = 200_000;

/// The words of a text as they are searched: in lower case and without accents. They are letters and digits, whatever
/// the text was, so none of them means anything to a database.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Words(Vec<String>);

impl Words {
    pub fn of(text: &str) -> Self {
        // Compatible forms are one: a ligature is its letters, a wide digit is a digit.
        let plain = text.nfkd().filter(|c| !is_combining_mark(*c)).flat_map(char::to_lowercase);
        let plain: String = plain.collect();
        let words = plain.split(|c: char| !c.is_alphanumeric()).filter(|word| !word.is_empty());
        Self(words.map(|word| word.chars().take(LETTERS).collect()).collect())
    }

    /// No text has nothing in common with these.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Whether all of them are among those of a row; of the last one its beginning is enough. No words are in none.
    pub fn are_in(&self, row: &Self) -> bool {
        let Some((last, others)) = self.0.split_last() else { return false };
        others.iter().all(|word| row.0.contains(word)) && row.0.iter().any(|word| word.starts_with(last))
    }

    /// As a column of words holds them: each once, in order.
    pub fn column(&self) -> String {
        let words: BTreeSet<&str> = self.0.iter().map(String::as_str).collect();
        let mut column = String::new();
        for word in words {
            if column.len() + word.len() < BYTES {
                column.push_str(if column.is_empty() { "" } else { " " });
                column.push_str(word);
            }
        }
        column
    }

    /// All of them, the last one perhaps not yet typed to its end: each as `quote` says, with `beginning` after the last.
    pub(crate) fn query(&self, quote: char, and: &str, beginning: &str) -> String {
        let words: Vec<String> = self.0.iter().map(|word| format!("{quote}{word}{quote}")).collect();
        words.join(and) + beginning
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_letters_and_digits_whatever_the_text_is() {
        for (text, words) in [
            ("Blaue TASSE", "blaue tasse"),
            ("Caf\u{e9}, Cafe\u{301}!", "cafe cafe"),
            ("CUP-1/b_2", "cup 1 b 2"),
            ("\u{fb01}ne \u{ff11}2", "fine 12"),
            ("' OR 1=1 -- \" * : & | ! ( ) \\ \0", "or 1 1"),
            ("\u{4e2d}\u{6587} \u{1f600}", "\u{4e2d}\u{6587}"),
            ("%", ""),
        ] {
            assert_eq!(Words::of(text).0.join(" "), words, "{text:?}");
        }
    }

    #[test]
    fn words_are_in_a_row_that_has_all_of_them_and_the_beginning_of_the_last() {
        let row = Words::of("Blaue Tasse, CUP-7");
        for (text, is_in) in [
            ("tasse", true),
            ("cup-7", true),
            ("blaue TAS", true),
            ("tas blaue", false),
            ("asse", false),
            ("blaue saucer", false),
            ("%", false),
        ] {
            assert_eq!(Words::of(text).are_in(&row), is_in, "{text}");
        }
    }

    #[test]
    fn a_column_of_words_is_bounded_and_has_each_once() {
        assert_eq!(Words::of("b a b").column(), "a b");
        assert_eq!(Words::of("").column(), "");
        let long: Vec<String> = (0..100_000).map(|n| format!("{n:064}x")).collect();
        assert!(Words::of(&long.join(" ")).column().len() < BYTES);
    }
}
