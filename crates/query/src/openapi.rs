mod webhook;

use std::sync::Arc;

use axum::extract::State;
use projections::Found;
use projections::customers::CustomerView;
use projections::loyalty::LoyaltyView;
use projections::notifications::NotificationRow;
use projections::order_timeline::Timeline;
use projections::orders::OrderView;
use projections::stock::StockView;
use schemars::SchemaGenerator;
use schemars::generate::SchemaSettings;
use serde_json::{Map, Value, json};
use utoipa::OpenApi;

use crate::document::{header, refusal};
use crate::feed::Change;
use crate::health::Readiness;
use crate::history::RecordedEvent;
use crate::problem::ProblemBody;
use crate::products::Product;
use crate::report::Report;
use crate::sales::DailySales;
use crate::status::Status;
use crate::{
    changes, customers, document, health, history, limits, loyalty, notifications, orders, products, reports, sales,
    status, stock, timeline,
};

#[derive(OpenApi)]
#[openapi(
    info(
        title = "tillstream",
        description = "Reads and commands of an event-sourced Shopify back end.",
        license(name = "Apache-2.0")
    ),
    paths(
        orders::list,
        orders::get,
        history::of_order,
        timeline::of_order,
        products::list,
        products::get,
        history::of_product,
        customers::get,
        history::of_customer,
        loyalty::get,
        history::of_loyalty,
        stock::get,
        history::of_stock,
        notifications::list,
        sales::daily,
        changes::follow,
        reports::take,
        status::get,
        health::alive,
        health::ready,
        health::metrics,
        document,
    )
)]
struct Api;

/// This document.
#[utoipa::path(
    get, path = "/openapi.json", operation_id = "get_openapi", tag = "operations",
    responses((status = 200, description = "OpenAPI 3.1", body = Object, content_type = "application/json")),
)]
pub(crate) async fn document(State(document): State<Arc<Value>>) -> axum::Json<Value> {
    axum::Json(document.as_ref().clone())
}

/// The OpenAPI document of the reads and of the webhooks, where keys are asked for.
pub fn openapi() -> Value {
    // The document is plain data: it always is a JSON object.
    let mut document = serde_json::to_value(Api::openapi()).unwrap_or_default();
    let key =
        json!({"type": "http", "scheme": "bearer", "description": "An API key of the shop, or a JWT of the issuer"});
    document["components"] = json!({ "schemas": schemas(), "securitySchemes": { "key": key } });
    if let Some(paths) = document["paths"].as_object_mut() {
        paths.iter_mut().for_each(|(path, item)| complete(path, &mut item["get"]));
        paths.insert("/webhooks/shopify".to_owned(), json!({ "post": webhook::keep() }));
    }
    document
}

/// The views, by the derives they carry where they are defined.
fn schemas() -> Map<String, Value> {
    let settings = SchemaSettings::draft2020_12().with(|settings| {
        settings.definitions_path = "/components/schemas".into();
        settings.meta_schema = None;
    });
    let mut generator = settings.for_serialize().into_generator();
    let views = [
        ("Order", view::<Found<OrderView>>(&mut generator)),
        ("Product", view::<Found<Product>>(&mut generator)),
        ("Customer", view::<Found<CustomerView>>(&mut generator)),
        ("Stock", view::<Found<StockView>>(&mut generator)),
        ("Loyalty", view::<Found<LoyaltyView>>(&mut generator)),
        ("Notification", view::<Found<NotificationRow>>(&mut generator)),
        ("Timeline", view::<Found<Timeline>>(&mut generator)),
        ("DailySales", view::<DailySales>(&mut generator)),
        ("Change", view::<Change>(&mut generator)),
        ("Report", view::<Report>(&mut generator)),
        ("Event", view::<RecordedEvent<'_>>(&mut generator)),
        ("Status", view::<Status>(&mut generator)),
        ("Readiness", view::<Readiness>(&mut generator)),
        ("Problem", view::<ProblemBody<'_>>(&mut generator)),
    ];
    let mut schemas = generator.take_definitions(true);
    schemas.extend(views.map(|(name, schema)| (name.to_owned(), schema)));
    schemas.insert("ChangeEvent".to_owned(), change_event());
    schemas.insert("Id".to_owned(), limits::id().to_value());
    schemas.extend(["Order", "Product", "Notification", "Event"].map(|name| (format!("{name}List"), list(name))));
    schemas
}

/// One server-sent event; what has no data is none.
fn change_event() -> Value {
    let change = json!({"$ref": "#/components/schemas/Change"});
    json!({
        "type": "object",
        "properties": {
            "id": {"type": "string", "description": "The change's position", "pattern": "^[1-9][0-9]{0,18}$"},
            "event": {"const": "change"},
            "data": {"type": "string", "contentMediaType": "application/json", "contentSchema": change},
        },
        "required": ["id", "event", "data"],
    })
}

/// A page of a list.
fn list(of: &str) -> Value {
    json!({
        "type": "object",
        "properties": {
            "data": {"type": "array", "items": {"$ref": format!("#/components/schemas/{of}")}},
            "next_cursor": {"type": ["string", "null"], "description": "For the next page; null on the last one"},
        },
        "required": ["data", "next_cursor"],
    })
}

/// Written out here, while what it refers to becomes a definition.
fn view<T: schemars::JsonSchema>(generator: &mut SchemaGenerator) -> Value {
    T::json_schema(generator).to_value()
}

/// What reads have in common.
fn complete(path: &str, operation: &mut Value) {
    if path == "/v1/status" {
        let refusals = [
            ("400", "There are no parameters"),
            ("406", "The client does not take JSON"),
            ("503", "It cannot be told just now"),
        ];
        return refuse(operation, refusals);
    }
    if !path.starts_with("/v1/{shop}/") {
        return;
    }
    let named = ["id", "inventory_item_id"].into_iter().filter(|name| path.contains(&format!("{{{name}}}")));
    let mut parameters: Vec<Value> = [document::shop()].into_iter().chain(named.map(document::id)).collect();
    parameters.extend(operation["parameters"].as_array_mut().map(std::mem::take).unwrap_or_default());
    operation["parameters"] = parameters.into();
    operation["security"] = json!([{ "key": [] }]);
    let refusals = [
        ("400", "A parameter or an id is unknown or malformed"),
        ("401", "No valid key"),
        ("403", "The key has not the scope read"),
        ("404", "No such shop or id"),
        ("406", "The client does not take JSON"),
        ("429", "The key has asked too often"),
        ("503", "The answer cannot be read just now"),
        ("504", "The position was not reached in time"),
    ];
    refuse(operation, refusals);
    if path.ends_with("/changes") {
        let id = header("Last-Event-ID", "As the last event was named; goes before `after`", false, last_event_id());
        operation["parameters"].as_array_mut().into_iter().for_each(|all| all.push(id.clone()));
        refuse(operation, [("406", "The client does not take server-sent events")]);
        return;
    }
    operation["responses"]["200"]["headers"] = json!({
        "X-Position": {"description": "How far the read model had come", "schema": {"type": "integer"}},
    });
    if path.contains("/privacy/") {
        let gone = "It was handed over before, or the customer was forgotten";
        return refuse(operation, [("403", "The key has not the scope privacy"), ("410", gone)]);
    }
    operation["responses"]["200"]["headers"]["ETag"] =
        json!({"description": "For If-None-Match", "schema": {"type": "string"}});
    operation["responses"]["304"] = json!({"description": "The client has it already"});
}

fn refuse<const N: usize>(operation: &mut Value, refusals: [(&str, &str); N]) {
    for (status, description) in refusals {
        operation["responses"][status] = refusal(description);
    }
}

fn last_event_id() -> Value {
    limits::position_text().to_value()
}
