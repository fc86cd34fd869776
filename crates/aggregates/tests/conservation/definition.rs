use std::collections::BTreeMap;

use events::{Claim, DomainEvents, Fate, Level, LineId, LocationId, Observation, OrderId, StockAuthority, StockEvent};

/// The definition, word for word and slowly: what is available where, and what is promised.
#[derive(Default)]
pub(crate) struct Definition {
    /// What the steps alone say.
    promised: BTreeMap<LocationId, i64>,
    /// What the events say stands at each location.
    told: BTreeMap<LocationId, Level>,
    ledger: bool,
    claims: BTreeMap<(OrderId, LineId), Claim>,
    latest: BTreeMap<LocationId, Observation>,
    first: BTreeMap<LocationId, Observation>,
    adjusted: Vec<(LocationId, i64, i64)>,
}

impl Definition {
    pub(crate) fn hear(&mut self, event: &StockEvent) {
        self.step(event);
        self.told.extend(levels(event).into_iter().map(|level| (level.location_id, level)));
        match event {
            StockEvent::Governed(told) => self.ledger = told.policy.authority == StockAuthority::Ledger,
            StockEvent::Observed(told) => {
                let (id, seen) = (told.location_id, told.observation.clone());
                let latest = self.latest.entry(id).or_insert_with(|| seen.clone());
                *latest = latest.clone().max(seen.clone());
                let first = self.first.entry(id).or_insert_with(|| seen.clone());
                let same = first.at.as_second() == seen.at.as_second();
                *first = if same { first.clone().max(seen) } else { first.clone().min(seen) };
            }
            StockEvent::Adjusted(told) => self.adjusted.push((told.location_id, told.at.as_second(), told.quantity)),
            StockEvent::Allocated(told) => self.hold(&told.claim),
            StockEvent::AllocationReleased(told) => self.hold(&told.claim),
            StockEvent::AllocationMoved(told) => self.hold(&told.claim),
            StockEvent::Shipped(told) => self.hold(&told.claim),
            StockEvent::Received(told) => self.hold(&told.claim),
            StockEvent::ClaimCorrected(told) => self.hold(&told.claim),
            _ => {}
        }
    }

    /// Where what was told is not what follows from what was heard.
    pub(crate) fn differences(&self) -> Vec<String> {
        let mut differences = Vec::new();
        for (id, level) in &self.told {
            let promised = self.promised.get(id).copied().unwrap_or(0);
            let available = self.available(*id);
            if (level.allocated, level.available, level.on_hand) != (promised, available, available + promised) {
                differences
                    .push(format!("location {id}: {level:?}, but {available} available and {promised} promised"));
            }
        }
        differences
    }

    fn step(&mut self, event: &StockEvent) {
        let mut add = |location: Option<LocationId>, units: i64| {
            if let Some(id) = location {
                *self.promised.entry(id).or_default() += units;
            }
        };
        match event {
            StockEvent::Allocated(told) => add(told.location_id, told.quantity.into()),
            StockEvent::Shipped(told) => add(told.location_id, -i64::from(told.quantity)),
            StockEvent::AllocationReleased(told) => add(told.location_id, -i64::from(told.quantity)),
            StockEvent::AllocationMoved(told) => {
                add(told.from, -i64::from(told.quantity));
                add(told.to, told.quantity.into());
            }
            _ => {}
        }
    }

    fn hold(&mut self, claim: &Claim) {
        self.claims.insert((claim.order_id, claim.line_id), claim.clone());
    }

    fn available(&self, id: LocationId) -> i64 {
        let base = if self.ledger { self.first.get(&id) } else { self.latest.get(&id) };
        let here = base.map(|seen| seen.at.as_second());
        let anywhere = self.latest.values().map(|seen| seen.at.as_second()).max();
        let later = |since: Option<i64>, second: i64| since.is_none_or(|since| second > since);
        let mut available = base.map_or(0, |seen| seen.available);
        for claim in self.claims.values() {
            for part in claim.parts.iter().filter(|part| part.location_id == Some(id)) {
                let since = if part.guessed && !self.ledger { anywhere } else { here };
                if later(since, part.taken_at.as_second()) {
                    available -= i64::from(part.quantity);
                }
                if let Fate::Released { at } = part.fate
                    && later(since, at.as_second())
                {
                    available += i64::from(part.quantity);
                }
            }
            let back = claim.returns.iter().filter(|back| back.location_id == Some(id));
            available +=
                back.filter(|back| later(here, back.at.as_second())).map(|back| i64::from(back.quantity)).sum::<i64>();
        }
        let adjusted = self.adjusted.iter().filter(|(at, second, _)| *at == id && later(here, *second));
        available + adjusted.map(|(_, _, units)| units).sum::<i64>()
    }
}

fn levels(event: &StockEvent) -> Vec<Level> {
    let body: serde_json::Value = serde_json::from_slice(&event.encode().unwrap()).unwrap();
    body.get("levels").map_or_else(Vec::new, |levels| serde_json::from_value(levels.clone()).unwrap())
}
