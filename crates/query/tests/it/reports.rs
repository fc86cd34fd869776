//! What is held of a customer who asked for it is given once, to who may have it.

use access::Scope;
use events::{AggregateKey, AggregateKind, Shop};
use futures::future::join_all;
use http::{Request, StatusCode};
use serde_json::{Value, json};

use crate::keys::Guarded;
use crate::world::{World, ask, customer, order};

const PATH: &str = "/v1/acme/privacy/reports/55";

fn acme() -> Shop {
    "acme".parse().unwrap()
}

fn request(id: u64, orders: &[u64]) -> Value {
    let customer = json!({"id": 7, "email": "ann@example.com", "phone": null});
    json!({
        "shop_domain": "acme.myshopify.com", "customer": customer, "orders_requested": orders, "data_request": {"id": id},
    })
}

/// Ann has placed one order, and another as a guest, and asks for all of it.
async fn tell(world: &mut World) {
    world.say("customers/create", customer()).await;
    world.say("orders/create", order(1001, 1)).await;
    let mut guest = order(1002, 2);
    (guest["customer"], guest["email"]) = (Value::Null, "guest@example.com".into());
    world.say("orders/create", guest).await;
    let mut somebody = order(1003, 3);
    (somebody["customer"]["id"], somebody["email"]) = (8.into(), "bob@example.com".into());
    world.say("orders/create", somebody).await;
    world.say("customers/data_request", request(55, &[1002])).await;
    world.fold().await;
}

async fn open_reports(world: &World) -> Value {
    world.get("/v1/status").await.json()["reports"].clone()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_report_holds_all_that_is_held_and_is_given_once() {
    let mut world = World::start().await;
    tell(&mut world).await;
    world.award(1001).await;
    assert_eq!(open_reports(&world).await, json!({"open": 1, "due_at": "2026-05-31T00:00:00Z"}));

    // What does not give it does not take it.
    let head = world.ask(Request::head(PATH).body(axum::body::Body::empty()).unwrap()).await;
    assert_eq!((head.status, head.header("allow")), (StatusCode::METHOD_NOT_ALLOWED, Some("GET")));
    assert_eq!(world.get_with(PATH, "accept", "text/html").await.status, StatusCode::NOT_ACCEPTABLE);
    for (path, status, code) in [
        ("/v1/acme/privacy/reports/55?min_position=1000000", 504, "position_not_reached"),
        ("/v1/acme/privacy/reports/55?again=1", 400, "parameter"),
        ("/v1/acme/privacy/reports/56", 404, "not_found"),
        ("/v1/other/privacy/reports/55", 404, "not_found"),
        ("/v1/nobody/privacy/reports/55", 404, "not_found"),
        ("/v1/acme/privacy/reports/055", 400, "id"),
        ("/v1/acme/privacy/reports/0", 400, "id"),
        ("/v1/acme/privacy/reports/-1", 400, "id"),
        ("/v1/acme/privacy/reports/9223372036854775808", 400, "id"),
        ("/v1/acme/privacy/reports/ann@example.com", 400, "id"),
        ("/v1/acme/privacy/reports/%ff", 400, "path"),
    ] {
        let answer = world.get(path).await;
        assert_eq!((answer.status.as_u16(), answer.code()), (status, code.to_owned()), "{path}");
    }

    let answer = world.get_with(PATH, "if-none-match", "*").await;
    assert_eq!(answer.status, StatusCode::OK);
    assert_eq!((answer.header("cache-control"), answer.header("etag")), (Some("no-store"), None));
    let report = answer.json();
    assert_eq!((&report["shop"], &report["customer_id"]), (&"acme".into(), &"7".into()));
    let held = report["aggregates"].as_array().unwrap();
    let of: Vec<&str> = held.iter().map(|held| held["of"].as_str().unwrap()).collect();
    assert_eq!(of, ["customer/7", "loyalty/7", "order/1001", "order/1002"]);
    assert_eq!(held[0]["events"][0]["data"]["profile"]["email"], "ann@example.com");
    assert_eq!(held[3]["events"][0]["data"]["contact"]["email"], "guest@example.com");
    assert!(!report.to_string().contains("sealed:1:") && !report.to_string().contains("bob@example.com"));

    let again = world.get(PATH).await;
    assert_eq!((again.status, again.code()), (StatusCode::GONE, "handed_over".to_owned()));
    assert!(!String::from_utf8_lossy(&again.body).contains("ann"));
    assert_eq!(open_reports(&world).await, json!({"open": 0, "due_at": null}));

    // Another request of the same customer is another report.
    world.say("customers/data_request", request(56, &[])).await;
    world.fold().await;
    assert_eq!(world.get("/v1/acme/privacy/reports/56").await.status, StatusCode::OK);
}

#[tokio::test(flavor = "multi_thread")]
async fn of_many_who_ask_at_once_one_gets_it() {
    let mut world = World::start().await;
    tell(&mut world).await;
    let asking = (0..16).map(|_| {
        let request = Request::get(PATH).body(axum::body::Body::empty()).unwrap();
        tokio::spawn(ask(world.router.clone(), request))
    });
    let answers = join_all(asking).await;
    let mut statuses: Vec<u16> = answers.into_iter().map(|answer| answer.unwrap().status.as_u16()).collect();
    statuses.sort_unstable();
    assert_eq!(statuses, [vec![200], vec![410; 15]].concat());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_report_that_cannot_be_made_just_now_is_not_taken() {
    let mut world = World::start().await;
    tell(&mut world).await;
    world.nats.kill();
    world.until_disconnected().await;
    let answer = world.get(PATH).await;
    assert_eq!((answer.status, answer.code()), (StatusCode::SERVICE_UNAVAILABLE, "unavailable".to_owned()));
    let request = projections::data_requests::list(&world.database, &acme()).await.unwrap().remove(0).view;
    assert_eq!(world.vault.handed_over_at(&acme(), &request.of, request.id).await.unwrap(), None);
    world.nats.restart().await;
    let given = async {
        while world.get(PATH).await.status != StatusCode::OK {
            tokio::time::sleep(std::time::Duration::from_millis(50)).await;
        }
    };
    tokio::time::timeout(std::time::Duration::from_secs(60), given).await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn who_is_forgotten_meanwhile_has_no_report() {
    let mut world = World::start().await;
    tell(&mut world).await;
    let key = AggregateKey::new(AggregateKind::Customer, &acme(), 7);
    world.vault.destroy(&[key], "2026-06-01T00:00:00Z".parse().unwrap()).await.unwrap();
    let answer = world.get(PATH).await;
    assert_eq!((answer.status, answer.code()), (StatusCode::GONE, "forgotten".to_owned()));
    assert_eq!(open_reports(&world).await["open"], 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn of_a_shop_that_is_forgotten_there_is_none_either() {
    let mut world = World::start().await;
    tell(&mut world).await;
    world.vault.destroy_shop(&acme(), "2026-06-01T00:00:00Z".parse().unwrap()).await.unwrap();
    assert_eq!(world.get(PATH).await.code(), "forgotten");
    assert_eq!(open_reports(&world).await["open"], 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn it_takes_a_key_that_is_for_it() {
    let mut guarded = Guarded::start(1_000).await;
    tell(&mut guarded.world).await;
    let others = guarded.key("other", &[Scope::Privacy], None).await;
    let reader = guarded.key("acme", &[Scope::Read, Scope::Write], None).await;
    let privacy = guarded.key("acme", &[Scope::Privacy], None).await;
    for (case, path, key, status, code) in [
        ("reads and commands", PATH, &reader, 403, "scope"),
        ("another shop's", PATH, &others, 404, "not_found"),
        ("none", PATH, &"x".to_owned(), 401, "key"),
        ("for nothing else", "/v1/acme/orders", &privacy, 403, "scope"),
        ("its own", PATH, &privacy, 200, ""),
        ("once", PATH, &privacy, 410, "handed_over"),
    ] {
        assert_eq!(guarded.ask(path, key).await, (status, code.to_owned()), "{case}");
    }
}
