use clap::ValueEnum;
use events::Shop;
use streams::{DeadLetters, ErrorClass, Filed, LetterFilter};

use crate::failure::{Exit, Failure, OrExit, Outcome};
use crate::roles;

/// Which letters; all of what is said must hold.
#[derive(Debug, clap::Args)]
pub(crate) struct Filter {
    /// Of this subscriber.
    #[arg(long, value_name = "NAME")]
    handler: Option<String>,
    /// Of this shop.
    #[arg(long)]
    shop: Option<String>,
    /// That ended in this way.
    #[arg(long, value_enum)]
    class: Option<Class>,
    /// Of this failure, as `ls` shows it.
    #[arg(long)]
    fingerprint: Option<String>,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum Class {
    Rejected,
    Exhausted,
    Panicked,
    Unreadable,
}

/// Letters by id, by filter, or all: never all because nothing was said.
#[derive(Debug, clap::Args)]
pub(crate) struct Chosen {
    /// These letters.
    #[arg(conflicts_with_all = ["handler", "shop", "class", "fingerprint", "all"])]
    ids: Vec<u64>,
    #[command(flatten)]
    filter: Filter,
    /// Every letter there is.
    #[arg(long)]
    all: bool,
}

impl Filter {
    pub(super) fn read(&self) -> Outcome<LetterFilter> {
        let shop = self.shop.as_deref().map(str::parse::<Shop>).transpose().or_exit(Exit::Usage)?;
        let class = self.class.map(|class| match class {
            Class::Rejected => ErrorClass::Rejected,
            Class::Exhausted => ErrorClass::Exhausted,
            Class::Panicked => ErrorClass::Panicked,
            Class::Unreadable => ErrorClass::Unreadable,
        });
        Ok(LetterFilter { handler: self.handler.clone(), shop, class, fingerprint: self.fingerprint.clone() })
    }
}

impl Chosen {
    /// The letters, oldest first: so what is redriven keeps its order.
    pub(super) async fn find(&self, dead: &DeadLetters) -> Outcome<Vec<Filed>> {
        let filter = self.filter.read()?;
        if self.ids.is_empty() {
            if filter.is_all() && !self.all {
                let failure = Failure::new(Exit::Usage, "nothing says which letters");
                return Err(failure.hint("name ids, or a filter like --handler, or --all"));
            }
            return dead.find(&filter, usize::MAX).await.map_err(roles::explain);
        }
        let mut letters = Vec::new();
        for &id in &self.ids {
            letters.push(dead.get(id).await.map_err(roles::explain)?.ok_or_else(|| super::unknown(id))?);
        }
        letters.sort_unstable_by_key(|filed| filed.id);
        letters.dedup_by_key(|filed| filed.id);
        Ok(letters)
    }
}
