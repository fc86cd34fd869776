//! What people do to the store: each action changes its state and triggers its webhooks.

mod cancel;
mod care;
mod customers;
mod edit;
mod fulfill;
mod goods;
mod opening;
mod pay;
mod place;
mod refund;
mod route;
mod trade;
mod transfer;

use crate::store::Store;

/// What can be done to an order.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Act {
    Pay,
    Decline,
    Fulfill,
    Track,
    Unfulfill,
    Move,
    RefundUnshipped,
    RefundShipped,
    RefundShipping,
    RefundGoodwill,
    SettleRefund,
    Edit,
    Care,
    Contact,
    Cancel,
    Close,
    Reopen,
    Delete,
}

/// Seconds that lie between two changes of one order: their order must show in the bodies.
const PAUSE: i64 = 2;

impl Store {
    pub(crate) fn act(&mut self) {
        let act: fn(&mut Self) = match self.chance.between(0..=99) {
            0..=16 => Self::place,
            17 => Self::leave_checkout,
            18..=82 => Self::tend,
            83..=93 => Self::mind_the_goods,
            _ => Self::mind_the_customers,
        };
        self.begin();
        act(self);
        self.end();
    }

    /// Something happens to one of the active orders.
    fn tend(&mut self) {
        let Some(order) = self.chance.pick(&self.active) else { return self.place() };
        self.clock.wait_until(self.orders[order].updated_at + PAUSE);
        let Some(act) = self.chance.weighted(&self.possible(order)) else { return self.place() };
        match act {
            Act::Pay => self.pay(order),
            Act::Decline => self.decline(order),
            Act::Fulfill => self.fulfill(order),
            Act::Track => self.track(order),
            Act::Unfulfill => self.unfulfill(order),
            Act::Move => self.reroute(order),
            Act::RefundUnshipped => self.refund_unshipped(order),
            Act::RefundShipped => self.refund_shipped(order),
            Act::RefundShipping => self.refund_shipping(order),
            Act::RefundGoodwill => self.refund_goodwill(order),
            Act::SettleRefund => self.settle_refund(order),
            Act::Edit => self.edit(order),
            Act::Care => self.care(order),
            Act::Contact => self.change_contact(order),
            Act::Cancel => self.cancel(order),
            Act::Close => self.close(order),
            Act::Reopen => self.reopen(order),
            Act::Delete => self.delete(order),
        }
    }

    /// What may happen to an order as it stands, and how likely it is.
    fn possible(&self, order: usize) -> Vec<(u32, Act)> {
        let order = &self.orders[order];
        let (alive, paid) = (order.cancelled.is_none(), order.captured() > 0);
        let open = (0..order.lines.len()).any(|line| order.fulfillable(line) > 0);
        let shipped = order.standing().next().is_some();
        let kept = order.lines.iter().any(|line| line.kept() > 0 && !line.gift_card);
        let owed = alive && !order.voided && order.refunded() == 0 && order.outstanding() > 0;
        let pending = order.transactions.iter().any(|one| one.kind == "refund" && one.status == "pending");
        let done = order.closed_at.is_none() && !open && (!alive || !owed);
        let acts = [
            (owed, if paid { 10 } else { 30 }, Act::Pay),
            (owed && !paid, 3, Act::Decline),
            (open, if paid { 30 } else { 4 }, Act::Fulfill),
            (shipped, 9, Act::Track),
            (shipped && order.closed_at.is_none(), 1, Act::Unfulfill),
            (open, 2, Act::Move),
            (open, 3, Act::RefundUnshipped),
            (kept && paid, 5, Act::RefundShipped),
            (paid && order.current_shipping() > 0, 1, Act::RefundShipping),
            (order.refundable() > 100, 1, Act::RefundGoodwill),
            (pending, 20, Act::SettleRefund),
            (open && order.closed_at.is_none(), 3, Act::Edit),
            (true, 5, Act::Care),
            (alive, 2, Act::Contact),
            (alive && !shipped, 2, Act::Cancel),
            (done, 18, Act::Close),
            (order.closed_at.is_some() && alive, 1, Act::Reopen),
            (!open && !pending && (!alive || order.test), 3, Act::Delete),
        ];
        acts.into_iter().filter(|(possible, ..)| *possible).map(|(_, weight, act)| (weight, act)).collect()
    }
}
