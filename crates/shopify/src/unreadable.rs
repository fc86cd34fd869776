/// Why an authentic delivery cannot be translated. It says nothing of the body's content, so it may be logged.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Unreadable {
    #[error("the delivery names no topic")]
    NoTopic,
    /// The name itself may be anything, so it is not said.
    #[error("the topic is none that this binary knows")]
    UnknownTopic,
    #[error("the body is not UTF-8")]
    NotUtf8,
    #[error("the body is not one JSON document (byte {0})")]
    NotJson(usize),
    #[error("the body is not a JSON object")]
    NotAnObject,
    #[error("the body is nested deeper than {} levels", crate::json::MAX_DEPTH)]
    TooDeep,
    #[error("an object of the body has a key twice (byte {0})")]
    DuplicateKey(usize),
    #[error("a number of the body is no exact decimal of 28 digits (byte {0})")]
    InexactNumber(usize),
    #[error("a string of the body contains U+0000 or half a surrogate pair (byte {0})")]
    Text(usize),
    #[error("the body has not the shape of its topic: {0}")]
    Shape(String),
    #[error("the body is of another shop")]
    ForeignShop,
}

impl Unreadable {
    /// A stable token: the subject of the quarantined delivery, and a metric's label.
    pub const fn reason(&self) -> &'static str {
        match self {
            Self::NoTopic => "no_topic",
            Self::UnknownTopic => "unknown_topic",
            Self::NotUtf8 => "not_utf8",
            Self::NotJson(_) => "not_json",
            Self::NotAnObject => "not_an_object",
            Self::TooDeep => "too_deep",
            Self::DuplicateKey(_) => "duplicate_key",
            Self::InexactNumber(_) => "inexact_number",
            Self::Text(_) => "bad_text",
            Self::Shape(_) => "wrong_shape",
            Self::ForeignShop => "foreign_shop",
        }
    }

    pub(crate) fn missing(field: &str) -> Self {
        Self::Shape(format!("missing field `{field}`"))
    }

    pub(crate) fn out_of_range(field: &str) -> Self {
        Self::Shape(format!("`{field}` is out of range"))
    }
}

impl From<serde_json::Error> for Unreadable {
    /// Most of the parser's texts quote the value they stumbled over; only the name of a missing field is ours.
    fn from(error: serde_json::Error) -> Self {
        let text = error.to_string();
        match text.split_once('`').and_then(|(head, rest)| Some((head, rest.split_once('`')?.0))) {
            Some(("missing field ", field)) => Self::missing(field),
            _ => Self::Shape(format!("unexpected value at line {} column {}", error.line(), error.column())),
        }
    }
}
