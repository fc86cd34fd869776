mod redemptions;
mod writes;

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

use crate::feed::Change;
use crate::health::Readiness;
use crate::history::RecordedEvent;
use crate::problem::ProblemBody;
use crate::products::Product;
use crate::report::Report;
use crate::sales::DailySales;
use crate::status::Status;
use crate::{
    changes, customers, health, history, loyalty, notifications, orders, products, reports, sales, status, stock,
    timeline,
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
    responses((status = 200, description = "OpenAPI 3.1", content_type = "application/json")),
)]
pub(crate) async fn document() -> axum::Json<Value> {
    axum::Json(openapi())
}

/// The OpenAPI document of the whole interface; `schemas/openapi.json` is a copy of it.
pub fn openapi() -> Value {
    // The document is plain data: it always is a JSON object.
    let mut document = serde_json::to_value(Api::openapi()).unwrap_or_default();
    let key =
        json!({"type": "http", "scheme": "bearer", "description": "An API key of the shop, or a JWT of the issuer"});
    document["components"] = json!({ "schemas": schemas(), "securitySchemes": { "key": key } });
    if let Some(paths) = document["paths"].as_object_mut() {
        paths.iter_mut().for_each(|(path, item)| complete(path, &mut item["get"]));
        let writes = writes::paths().into_iter().chain(redemptions::paths());
        paths.extend(writes.map(|(path, operation)| (path.to_owned(), json!({ "post": operation }))));
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

/// What all reads of a shop have in common.
fn complete(path: &str, operation: &mut Value) {
    if !path.starts_with("/v1/{shop}/") {
        return;
    }
    let mut parameters = vec![path_parameter("shop", "The shop's myshopify.com name", "^[a-z0-9][a-z0-9-]*$")];
    for name in ["id", "inventory_item_id"].into_iter().filter(|name| path.contains(&format!("{{{name}}}"))) {
        parameters.push(path_parameter(name, "Shopify's id", "^[1-9][0-9]{0,18}$"));
    }
    parameters.extend(operation["parameters"].as_array_mut().map(std::mem::take).unwrap_or_default());
    operation["parameters"] = parameters.into();
    let once = path.contains("/privacy/");
    operation["responses"]["200"]["headers"] = json!({
        "X-Position": {"description": "How far the read model had come", "schema": {"type": "integer"}},
    });
    if !once {
        operation["responses"]["200"]["headers"]["ETag"] =
            json!({"description": "For If-None-Match", "schema": {"type": "string"}});
        operation["responses"]["304"] = json!({"description": "The client has it already"});
    }
    let problem = json!({"application/problem+json": {"schema": {"$ref": "#/components/schemas/Problem"}}});
    operation["security"] = json!([{ "key": [] }]);
    let scope = if once { "The key has not the scope privacy" } else { "The key has not the scope read" };
    let gone = once.then_some(("410", "It was handed over before, or the customer was forgotten"));
    let refusals = [
        ("400", "A parameter or an id is unknown or malformed"),
        ("401", "No valid key"),
        ("403", scope),
        ("429", "The key has asked too often"),
        ("404", "No such shop or id"),
        ("406", "The client does not take JSON"),
        ("503", "The answer cannot be read just now"),
        ("504", "The position was not reached in time"),
    ];
    for (status, description) in refusals.into_iter().chain(gone) {
        operation["responses"][status] = json!({"description": description, "content": problem.clone()});
    }
}

pub(crate) fn path_parameter(name: &str, description: &str, pattern: &str) -> Value {
    let schema = json!({"type": "string", "pattern": pattern});
    json!({"name": name, "in": "path", "required": true, "description": description, "schema": schema})
}
