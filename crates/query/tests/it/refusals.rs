//! Bad inputs of reliability's list: each has its status, and none reaches the database.

use crate::world::{World, order};
use axum::body::Body;
use http::{Method, Request, StatusCode};

/// What is wrong, where, and what is answered.
const CASES: &[(&str, &str, u16)] = &[
    ("Q02 letters", "/v1/acme/orders/abc", 400),
    ("Q02 2^64", "/v1/acme/orders/18446744073709551616", 400),
    ("Q02 2^63", "/v1/acme/stock/9223372036854775808", 400),
    ("Q02 -1", "/v1/acme/orders/-1", 400),
    ("Q02 01", "/v1/acme/customers/01", 400),
    ("Q02 0", "/v1/acme/products/0", 400),
    ("Q02 1e3", "/v1/acme/orders/1e3", 400),
    ("Q02 NUL", "/v1/acme/orders/1%00", 400),
    ("Q02 a blank", "/v1/acme/orders/%201", 400),
    ("Q02 other digits", "/v1/acme/orders/%D9%A1", 400),
    ("Q02 events", "/v1/acme/stock/01/events", 400),
    ("Q03 no UTF-8 in the path", "/v1/acme/orders/%ff", 400),
    ("Q04 no UTF-8 in the query", "/v1/acme/products?q=%ff", 400),
    ("Q05 NUL", "/v1/acme/products?q=a%00b", 400),
    ("Q05 a line end", "/v1/acme/products?q=a%0ab", 400),
    ("Q06 no hex", "/v1/acme/products?q=%ZZ", 400),
    ("Q06 cut", "/v1/acme/products?q=%a", 400),
    ("Q07 -1", "/v1/acme/orders?limit=-1", 400),
    ("Q07 0", "/v1/acme/orders?limit=0", 400),
    ("Q07 251", "/v1/acme/orders?limit=251", 400),
    ("Q07 10^9", "/v1/acme/orders/1/events?limit=1000000000", 400),
    ("Q07 empty", "/v1/acme/orders?limit=", 400),
    ("Q08 twice", "/v1/acme/orders?limit=1&limit=1", 400),
    ("Q08 twice, spelled otherwise", "/v1/acme/orders?limit=1&l%69mit=2", 400),
    ("Q09 unknown", "/v1/acme/orders?page=2", 400),
    ("Q09 of another list", "/v1/acme/orders?q=x", 400),
    ("Q09 on a read by id", "/v1/acme/orders/1?limit=1", 400),
    ("Q09 on status", "/v1/status?x=1", 400),
    ("Q10 forged", "/v1/acme/orders?cursor=AAAA", 400),
    ("Q10 no base64", "/v1/acme/orders?cursor=!!", 400),
    ("Q10 events", "/v1/acme/orders/1/events?cursor=x", 400),
    ("Q11 a column", "/v1/acme/orders?sort=placed_at;drop", 400),
    ("Q11 SQL", "/v1/acme/orders?financial_status='%20OR%201=1", 400),
    ("Q12 offset", "/v1/acme/orders?offset=100000", 400),
    ("Q13 -1", "/v1/acme/orders/1?min_position=-1", 400),
    ("Q13 garbage", "/v1/acme/orders/1?min_position=x", 400),
    ("Q13 2^64", "/v1/acme/orders?min_position=18446744073709551616", 400),
    ("Q13 beyond the head", "/v1/acme/orders/1?min_position=1000000", 504),
    ("Q13 beyond the head, events", "/v1/acme/orders/1/events?min_position=1000000", 504),
    ("Q14 reversed", "/v1/acme/orders?placed_from=2026-02-01T00:00:00Z&placed_to=2026-01-01T00:00:00Z", 400),
    ("Q14 year 12026", "/v1/acme/orders?placed_from=12026-01-01T00:00:00Z", 400),
    ("Q14 no zone", "/v1/acme/orders?placed_from=2026-01-01T00:00:00", 400),
    ("Q13 as_of beyond the head", "/v1/acme/orders/1?as_of=1000000", 504),
    ("Q13 as_of 2^64", "/v1/acme/orders/1?as_of=18446744073709551616", 400),
    ("Q14 days reversed", "/v1/acme/sales/daily?from=2026-02-01&to=2026-01-01", 400),
    ("Q14 10,000 years", "/v1/acme/sales/daily?from=0001-01-01&to=9999-12-31", 400),
    ("Q14 too many days", "/v1/acme/sales/daily?from=2025-01-01&to=2026-01-02", 400),
    ("Q14 year 0", "/v1/acme/sales/daily?from=0000-01-01&to=0000-01-02", 400),
    ("Q14 not a day", "/v1/acme/sales/daily?from=2026-02-30", 400),
    ("Q14 a time", "/v1/acme/sales/daily?from=2026-02-01T00:00:00Z", 400),
    ("Q14 another spelling", "/v1/acme/sales/daily?from=20260201", 400),
    ("Q14 the last day there is", "/v1/acme/sales/daily?from=9999-12-31&to=9999-12-31", 200),
    ("Q09 as_of on a list", "/v1/acme/orders?as_of=1", 400),
    ("another shop's timeline", "/v1/other/orders/1/timeline", 404),
    ("an empty search", "/v1/acme/products?q=", 400),
    ("an unknown shop", "/v1/nobody/orders", 404),
    ("no shop", "/v1/%2e%2e/orders", 404),
    ("an unknown order", "/v1/acme/orders/404", 404),
    ("another shop's order", "/v1/other/orders/1", 404),
    ("another shop's events", "/v1/other/orders/1/events", 404),
    ("no such route", "/v1/acme/nothing", 404),
    ("a slash behind", "/v1/acme/orders/", 404),
];

#[tokio::test]
async fn bad_requests_are_refused_by_class() {
    let mut world = World::start().await;
    world.say("orders/create", order(1, 0)).await;
    world.say("orders/create", order(2, 1)).await;
    world.fold().await;
    let page = world.get("/v1/acme/orders?limit=1").await.json();
    let cursor = page["next_cursor"].as_str().unwrap().to_owned();
    let truncated = &cursor[..cursor.len() - 2];
    let long = "9".repeat(5000);
    let made = [
        ("Q02 long", format!("/v1/acme/orders/{long}"), 400),
        ("Q10 truncated", format!("/v1/acme/orders?cursor={truncated}"), 400),
        ("Q10 other filters", format!("/v1/acme/orders?financial_status=paid&cursor={cursor}"), 400),
        ("Q10 another list", format!("/v1/acme/products?cursor={cursor}"), 400),
        ("Q10 another shop", format!("/v1/other/orders?cursor={cursor}"), 400),
        ("a long search", format!("/v1/acme/products?q={}", "x".repeat(201)), 400),
    ];
    let cases = CASES.iter().map(|&(case, path, status)| (case, path.to_owned(), status));
    for (case, path, status) in cases.chain(made) {
        let answer = world.get(&path).await;
        assert_eq!(answer.status.as_u16(), status, "{case}: {path}");
        if status >= 400 {
            answer.code();
        }
    }
    assert_eq!(
        world.get(&format!("/v1/acme/orders?cursor={cursor}")).await.status,
        StatusCode::OK,
        "the cursor itself is good"
    );
}

#[tokio::test]
async fn what_the_client_does_not_take_is_not_sent() {
    let world = World::start().await;
    for (accept, status) in
        [("text/html", 406), ("application/xml, text/*", 406), ("application/json;q=0", 406), ("*/*", 200)]
    {
        for path in ["/v1/acme/orders", "/v1/status"] {
            let answer = world.get_with(path, "accept", accept).await;
            assert_eq!(answer.status.as_u16(), status, "{accept} {path}");
        }
    }
}

#[tokio::test]
async fn reads_are_read_only_and_a_body_is_ignored() {
    let world = World::start().await;
    for path in
        ["/v1/acme/orders", "/v1/acme/orders/1", "/v1/status", "/healthz", "/readyz", "/metrics", "/openapi.json"]
    {
        for method in [Method::POST, Method::PUT, Method::DELETE, Method::PATCH] {
            let request = Request::builder().method(&method).uri(path).body(Body::from("{}")).unwrap();
            let answer = world.ask(request).await;
            assert_eq!(answer.status, StatusCode::METHOD_NOT_ALLOWED, "{method} {path}");
            assert_eq!((answer.code().as_str(), answer.header("allow")), ("method", Some("GET,HEAD")));
        }
    }
    let request = Request::get("/v1/acme/orders").body(Body::from("{\"limit\":1}")).unwrap();
    assert_eq!(world.ask(request).await.status, StatusCode::OK);
}
