//! An account driven by hand, and what is always true of it.

use aggregates::{Decider, LineWorth, LoyaltyAccount, LoyaltyCommand, OrderWorth, Program, RedemptionError};
use events::{CustomerId, LineId, LoyaltyEvent, OrderId, RedemptionId, Timestamp};
use rust_decimal::Decimal;

#[derive(Clone, Default)]
pub(super) struct Story {
    pub(super) account: LoyaltyAccount,
    pub(super) program: Program,
    pub(super) log: Vec<LoyaltyEvent>,
}

impl Story {
    pub(super) fn with(program: Program) -> Self {
        Self { program, ..Self::default() }
    }

    pub(super) fn tell(&mut self, command: LoyaltyCommand) -> Result<Vec<LoyaltyEvent>, RedemptionError> {
        let decided = self.account.clone().decide(command);
        for event in decided.clone().unwrap_or_default() {
            cqrs_es::Aggregate::apply(&mut self.account, event.clone());
            self.log.push(event);
            self.holds();
        }
        decided
    }

    /// An order placed on `day`, of one line, of which so many cents were bought and refunded.
    pub(super) fn order(&mut self, id: u64, day: i64, bought: i64, refunded: i64) -> Vec<LoyaltyEvent> {
        let worth = Some(worth(day, bought, refunded));
        self.settle(id, worth, day)
    }

    pub(super) fn settle(&mut self, id: u64, worth: Option<OrderWorth>, day: i64) -> Vec<LoyaltyEvent> {
        let (order_id, program, at) = (order(id), self.program.clone(), at(day));
        self.tell(LoyaltyCommand::Settle { order_id, worth, program, at }).unwrap()
    }

    pub(super) fn advance(&mut self, day: i64) -> Vec<LoyaltyEvent> {
        let (program, at) = (self.program.clone(), at(day));
        self.tell(LoyaltyCommand::Advance { program, at }).unwrap()
    }

    pub(super) fn hold(&mut self, key: &str, points: i64, day: i64) -> Result<Vec<LoyaltyEvent>, RedemptionError> {
        let (id, at) = (redemption(key), at(day));
        self.tell(LoyaltyCommand::Hold { id, points, order_id: None, reason: None, at })
    }

    pub(super) fn complete(&mut self, key: &str, day: i64) -> Result<Vec<LoyaltyEvent>, RedemptionError> {
        self.tell(LoyaltyCommand::Complete { id: redemption(key), at: at(day) })
    }

    pub(super) fn cancel(&mut self, key: &str, day: i64) -> Result<Vec<LoyaltyEvent>, RedemptionError> {
        self.tell(LoyaltyCommand::Cancel { id: redemption(key), at: at(day) })
    }

    /// Points and pending points.
    pub(super) fn balance(&self) -> (i64, i64) {
        let balance = self.account.balance();
        (balance.points, balance.pending)
    }

    /// What is left in each order's lot.
    pub(super) fn lots(&self) -> Vec<(u64, i64)> {
        self.account.lots().map(|lot| (lot.order_id.get(), lot.remaining)).collect()
    }

    /// At every prefix of the log.
    fn holds(&self) {
        let lots: Vec<_> = self.account.lots().collect();
        let balance = self.account.balance();
        let sum = lots.iter().map(|lot| lot.remaining).sum::<i64>();
        let moved = self.log.iter().map(LoyaltyEvent::moved).sum::<i64>();
        assert_eq!(balance.points + balance.pending, sum, "the balance is the sum of the lots");
        assert_eq!(sum, moved, "and of what the events say that they moved");
        if let Some((_, said)) = self.log.last().and_then(LoyaltyEvent::lots) {
            assert_eq!(said, balance, "and the last event says so");
        }
        let overdrawn = lots.iter().any(|lot| lot.remaining < 0);
        let spendable = lots.iter().any(|lot| !lot.pending && lot.remaining > 0);
        assert!(!(overdrawn && spendable), "a debt is paid as soon as there are points: {lots:?}");
        assert!(lots.iter().all(|lot| lot.granted >= 0 && lot.expired >= 0), "{lots:?}");
        assert!(lots.iter().all(|lot| !lot.pending || lot.remaining == lot.granted), "{lots:?}");
        let mut folded = LoyaltyAccount::default();
        self.log.iter().cloned().for_each(|event| cqrs_es::Aggregate::apply(&mut folded, event));
        assert_eq!(folded, self.account, "the state is the fold of the events");
    }
}

pub(super) fn worth(day: i64, bought: i64, refunded: i64) -> OrderWorth {
    let line = LineWorth {
        line_id: LineId::new(1).unwrap(),
        gift_card: false,
        tip: false,
        bought: Decimal::new(bought, 2),
        refunded: Decimal::new(refunded, 2),
    };
    let (shipping, tax) = (Decimal::ZERO, Decimal::ZERO);
    OrderWorth { placed_at: at(day), customer_id: CustomerId::new(7), counts: true, lines: vec![line], shipping, tax }
}

pub(super) fn at(day: i64) -> Timestamp {
    Timestamp::from_second(1_767_225_600 + day * 86_400).unwrap()
}

pub(super) fn order(id: u64) -> OrderId {
    OrderId::new(id).unwrap()
}

pub(super) fn redemption(key: &str) -> RedemptionId {
    key.parse().unwrap()
}

pub(super) fn types(events: &[LoyaltyEvent]) -> Vec<&'static str> {
    events.iter().map(events::DomainEvents::wire_type).collect()
}
