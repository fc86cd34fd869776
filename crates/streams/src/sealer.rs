use events::Piece;
use futures::future::BoxFuture;

/// Seals the words of a person in a command before an aggregate decides it: what is not sealed cannot be appended.
pub trait Sealer: Send + Sync + 'static {
    /// Replaces each open value by its sealed form, or by none for somebody who is forgotten.
    fn seal<'a>(&'a self, pieces: Vec<Piece<'a>>) -> BoxFuture<'a, Result<(), SealError>>;
}

/// The keys cannot be reached; nothing is wrong with what was to be sealed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("the keys to personal data cannot be used: {0}")]
pub struct SealError(String);

impl SealError {
    /// With the causes, in words.
    pub fn new(error: &dyn std::error::Error) -> Self {
        let causes = std::iter::successors(error.source(), |cause| cause.source());
        Self(causes.fold(error.to_string(), |words, cause| format!("{words}: {cause}")))
    }
}
