use crate::Delivery;
use crate::chance::Chance;

/// Makes of the true sequence what arrives. Nothing is lost for good: what Shopify sent in vain comes
/// again, with its original body and headers.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Disorder {
    pub seed: u64,
    /// The share of deliveries that come twice.
    pub duplicates: f64,
    /// How many places neighbours may change. 0 keeps the order.
    pub window: usize,
    /// The share that is held up by up to `delay` places, besides.
    pub late: f64,
    /// The share of which the first attempt is lost; the next comes up to ten `delay`s later.
    pub lost: f64,
    pub delay: usize,
}

impl Disorder {
    /// Each once and in order.
    pub const fn none() -> Self {
        Self { seed: 0, duplicates: 0.0, window: 0, late: 0.0, lost: 0.0, delay: 0 }
    }

    /// A usual day.
    pub const fn mild(seed: u64) -> Self {
        Self { seed, duplicates: 0.02, window: 4, late: 0.03, lost: 0.005, delay: 50 }
    }

    /// A bad day: most come out of order, every fifth twice.
    pub const fn heavy(seed: u64) -> Self {
        Self { seed, duplicates: 0.2, window: 60, late: 0.15, lost: 0.05, delay: 500 }
    }

    /// No order at all.
    pub const fn chaos(seed: u64) -> Self {
        Self { seed, duplicates: 0.3, window: usize::MAX, late: 0.0, lost: 0.0, delay: 0 }
    }

    pub fn apply(&self, deliveries: Vec<Delivery>) -> Vec<Delivery> {
        let mut chance = Chance::new(self.seed);
        let mut arrivals = Vec::with_capacity(deliveries.len());
        let window = self.window.min(deliveries.len());
        for (place, delivery) in deliveries.into_iter().enumerate() {
            let mut arrives = place + chance.index(window + 1);
            if chance.share(self.late) {
                arrives += chance.index(self.delay + 1);
            }
            if chance.share(self.lost) {
                arrives += chance.index(self.delay * 10 + 1);
            }
            if chance.share(self.duplicates) {
                arrivals.push((arrives + chance.index(window.max(self.delay) + 1), delivery.clone()));
            }
            arrivals.push((arrives, delivery));
        }
        arrivals.sort_by_key(|(arrives, _)| *arrives);
        arrivals.into_iter().map(|(_, delivery)| delivery).collect()
    }
}
