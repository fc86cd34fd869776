use crate::house::{AT, House, acme, order};

/// More than the recorder takes in of one lane.
const FLOOD: usize = 1_500;

#[tokio::test(flavor = "multi_thread")]
async fn a_flood_of_what_is_only_kept_holds_up_nothing_and_itself_neither() {
    let mut house = House::open().await;
    for cart in 0..FLOOD {
        house.deliver(acme("carts/update", &cart.to_string(), &format!(r#"{{"id":"{cart}"}}"#))).await;
    }
    let last = house.deliver(acme("orders/create", "a", &order(1, AT, "pending"))).await;
    house.record().await;
    assert_eq!(house.outcome(last).await, "recorded");
    assert_eq!(house.outcome(1).await, "kept: names_no_customer");
}
