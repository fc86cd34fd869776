//! The law: however an order's webhooks and the account's timers come, the points are the same; and
//! whatever happens to an account, its balance is the sum of its lots.

use std::collections::{BTreeMap, BTreeSet};

use aggregates::{Cancellation, Decider, LoyaltyAccount, LoyaltyCommand, Order, OrderCommand, OrderSnapshot, Program};
use events::{
    AsOf, CustomerId, FinancialStatus, FulfillmentStatus, Line, LineId, Money, MoneySet, OrderAddresses, OrderContact,
    OrderExtras, OrderId, Refund, RefundId, RefundLine, RestockType, Totals,
};
use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::Index;
use rust_decimal::Decimal;

use super::story::{Story, at, order};

/// Orders and accounts, as the service keeps them.
#[derive(Default)]
struct House {
    orders: BTreeMap<OrderId, Order>,
    /// Everybody that an order was ever said to be of.
    owners: BTreeMap<OrderId, BTreeSet<CustomerId>>,
    accounts: BTreeMap<CustomerId, Story>,
}

impl House {
    fn hear(&mut self, id: OrderId, command: &OrderCommand) {
        let known = self.orders.entry(id).or_default();
        let Some(last) = known.decide(command.clone()).unwrap().pop() else { return };
        let Some(worth) = known.worth() else { return };
        let owners = self.owners.entry(id).or_default();
        owners.extend(worth.customer_id);
        for owner in owners.iter() {
            let story = self.accounts.entry(*owner).or_insert_with(|| Story::with(program()));
            let worth = Some(&worth).filter(|worth| worth.customer_id == Some(*owner)).cloned();
            let (program, at) = (story.program.clone(), events::DomainEvents::at(&last));
            story.tell(LoyaltyCommand::Settle { order_id: id, worth, program, at }).unwrap();
        }
    }

    fn advance(&mut self, day: i64) {
        self.accounts.values_mut().for_each(|story| drop(story.advance(day)));
    }

    /// What each account holds in the end, by order.
    fn outcome(&self) -> BTreeMap<CustomerId, Vec<(OrderId, i64, i64, bool)>> {
        let lots = |account: &LoyaltyAccount| {
            let lots = account.lots().filter(|lot| lot.granted > 0);
            lots.map(|lot| (lot.order_id, lot.granted, lot.remaining, lot.pending)).collect::<Vec<_>>()
        };
        let all = self.accounts.iter().map(|(id, story)| (*id, lots(&story.account)));
        all.filter(|(_, lots)| !lots.is_empty()).collect()
    }
}

/// Everything at one tier, for the tier at a first accrual is a decision of the moment.
fn program() -> Program {
    Program { pending_days: 3, validity_days: 20, ..Program::default() }
}

/// What may happen to an order, one after another.
#[derive(Debug, Clone, Copy)]
enum Happening {
    Pay,
    Add(u8),
    Remove(u8),
    Refund(u8),
    Give(u8),
    Cancel,
    Void,
}

fn happening() -> impl Strategy<Value = Happening> {
    prop_oneof![
        3 => Just(Happening::Pay),
        2 => (0_u8..4).prop_map(Happening::Add),
        2 => (0_u8..4).prop_map(Happening::Remove),
        4 => (0_u8..4).prop_map(Happening::Refund),
        2 => (0_u8..4).prop_map(Happening::Give),
        1 => Just(Happening::Cancel),
        1 => Just(Happening::Void),
    ]
}

/// An order's snapshots, one for each moment of its life.
fn life(id: u64, day: i64, happenings: &[Happening]) -> Vec<(OrderId, OrderCommand)> {
    let mut now = placed(id, day);
    let mut snapshots = vec![now.clone()];
    for (step, happening) in happenings.iter().enumerate() {
        now.as_of = AsOf { updated_at: at(day + 1 + step as i64), triggered_at: None, digest: step.to_string() };
        change(&mut now, *happening);
        snapshots.push(now.clone());
    }
    snapshots.into_iter().map(|one| (order(id), OrderCommand::Snapshot(Box::new(one)))).collect()
}

fn change(order: &mut OrderSnapshot, happening: Happening) {
    let at = order.as_of.updated_at;
    match happening {
        Happening::Pay => order.financial_status = FinancialStatus::Paid,
        Happening::Void => order.financial_status = FinancialStatus::Voided,
        Happening::Add(which) => {
            let line = &mut order.lines[usize::from(which) % 2];
            line.quantity += 1;
            line.current_quantity += 1;
        }
        Happening::Remove(which) => {
            let line = &mut order.lines[usize::from(which) % 2];
            line.current_quantity = line.current_quantity.saturating_sub(1);
        }
        Happening::Refund(which) => {
            let line = &mut order.lines[usize::from(which) % 2];
            if line.current_quantity > 0 {
                line.current_quantity -= 1;
                let id = RefundId::new(1 + order.refunds.len() as u64).unwrap();
                let (line_id, restock_type) = (line.id, RestockType::Return);
                let lines = vec![RefundLine { line_id, quantity: 1, restock_type, location_id: None }];
                order.refunds.push(Refund { id, created_at: at, note: None, lines, transactions: Vec::new() });
            }
        }
        Happening::Give(whom) => order.contact.customer_id = CustomerId::new(u64::from(whom)),
        Happening::Cancel => order.cancelled = Some(Cancellation { at, reason: None }),
    }
}

fn placed(id: u64, day: i64) -> OrderSnapshot {
    let money = |cents| MoneySet::same(Money::new(Decimal::new(cents, 2), "EUR".parse().unwrap()));
    let line = |number: u64, cents: i64, discount: i64| Line {
        id: LineId::new(number).unwrap(),
        product_id: None,
        variant_id: None,
        sku: None,
        title: "tea".to_owned(),
        quantity: 3,
        current_quantity: 3,
        price: money(cents),
        discount: money(discount),
        gift_card: false,
        tracked: true,
    };
    OrderSnapshot {
        as_of: AsOf { updated_at: at(day), triggered_at: None, digest: String::new() },
        placed_at: at(day),
        name: format!("#{id}"),
        test: false,
        currency: "EUR".parse().unwrap(),
        source_name: None,
        checkout_token: None,
        locale: None,
        contact: OrderContact { customer_id: CustomerId::new(1), ..OrderContact::default() },
        addresses: OrderAddresses::default(),
        tags: Vec::new(),
        note: None,
        lines: vec![line(1, 3_333, 500), line(2, 1_999, 0)],
        extras: OrderExtras::default(),
        totals: Totals {
            total: money(0),
            current_total: money(0),
            subtotal: money(0),
            tax: money(0),
            discounts: money(0),
            shipping: money(0),
        },
        financial_status: FinancialStatus::Pending,
        fulfillment_status: FulfillmentStatus::Unfulfilled,
        cancelled: None,
        closed_at: None,
        refunds: Vec::new(),
        fulfillments: Vec::new(),
    }
}

/// When both are compared: some points have expired by then, some have not, some are pending.
const END: i64 = 25;

proptest! {
    #[test]
    fn any_order_of_webhooks_with_any_repetitions_and_timers_between_ends_in_the_same_points(
        lives in vec(vec(happening(), 0..9), 1..4),
        arrival in vec(any::<Index>(), 0..60),
        timers in vec((any::<Index>(), 0_i64..END), 0..10),
    ) {
        let words: Vec<_> =
            (1..).zip(&lives).flat_map(|(id, happenings)| life(id, 4 * id as i64, happenings)).collect();
        let mut in_order = House::default();
        words.iter().for_each(|(id, word)| in_order.hear(*id, word));
        in_order.advance(END);

        let mut disordered = House::default();
        let mut timers = timers;
        timers.sort_by_key(|(_, day)| *day);
        let mut timers = timers.into_iter();
        for (number, index) in arrival.iter().enumerate() {
            let (id, word) = index.get(&words);
            disordered.hear(*id, word);
            if number % 5 == 0 {
                timers.next().into_iter().for_each(|(_, day)| disordered.advance(day));
            }
        }
        words.iter().rev().for_each(|(id, word)| disordered.hear(*id, word));
        disordered.advance(END);
        prop_assert_eq!(disordered.outcome(), in_order.outcome());
    }

    #[test]
    fn whatever_happens_the_balance_is_the_sum_of_the_lots(
        acts in vec((0_u8..8, 1_u64..5, 0_i64..300, 0_i64..200), 1..60),
    ) {
        let mut story = Story::with(program());
        let mut day = 0;
        for (act, which, amount, more) in acts {
            day += more / 50;
            let key = format!("key-{}", amount % 9);
            match act {
                0..=2 => drop(story.order(which, which as i64, 100 * amount + more, 50 * more.min(amount))),
                3 => drop(story.settle(which, None, day)),
                4 => drop(story.hold(&key, amount, day)),
                5 => drop(story.complete(&key, day)),
                6 => drop(story.cancel(&key, day)),
                _ => drop(story.advance(day)),
            }
        }
        let granted: i64 = story.account.lots().map(|lot| lot.granted - lot.expired).sum();
        let (points, pending) = story.balance();
        prop_assert!(points + pending <= granted, "what is not there was spent");
    }
}
