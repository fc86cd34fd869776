use events::{Piece, Sealed};
use futures::FutureExt;
use futures::future::BoxFuture;
use streams::{SealError, Sealer};

/// In the place of a vault: what is said of people is stored as it was before there were seals, for tests that look
/// at what was said.
pub struct Unsealed;

impl Unsealed {
    /// The same for one command.
    pub fn clear(pieces: Vec<Piece<'_>>) {
        for Piece { value, .. } in pieces {
            if let Some(Sealed::Open(text)) = value {
                *value = Some(Sealed::Clear(std::mem::take(text)));
            }
        }
    }
}

impl Sealer for Unsealed {
    fn seal<'a>(&'a self, pieces: Vec<Piece<'a>>) -> BoxFuture<'a, Result<(), SealError>> {
        Self::clear(pieces);
        async { Ok(()) }.boxed()
    }
}
