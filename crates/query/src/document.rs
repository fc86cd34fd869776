//! The parts of which the OpenAPI document is made, for all who describe what they serve.

use std::marker::PhantomData;

use events::NUMERIC_ID;
use schemars::JsonSchema;
use schemars::generate::SchemaSettings;
use serde_json::{Value, json};
use utoipa::IntoParams;
use utoipa::openapi::Required;
use utoipa::openapi::extensions::Extensions;
use utoipa::openapi::path::{Parameter, ParameterBuilder, ParameterIn};

use crate::limits;

/// The query parameters of an endpoint, by the schemas of the types that read them.
pub(crate) struct Query<Q>(PhantomData<Q>);

impl<Q: JsonSchema> IntoParams for Query<Q> {
    fn into_params(_: impl Fn() -> Option<ParameterIn>) -> Vec<Parameter> {
        let mut schema = of::<Q>(SchemaSettings::for_deserialize);
        without_null(&mut schema);
        exact(&mut schema);
        let required = schema["required"].take();
        let properties = schema["properties"].as_object_mut().map(std::mem::take).unwrap_or_default();
        let parameter = |(name, mut schema): (String, Value)| {
            let description = schema.as_object_mut().and_then(|schema| schema.remove("description"));
            let is_required = required.as_array().is_some_and(|names| names.contains(&json!(name)));
            // As it is: utoipa's own schemas do not know every word.
            let schema = Extensions::from_iter([("schema", schema)]);
            ParameterBuilder::new()
                .parameter_in(ParameterIn::Query)
                .required(if is_required { Required::True } else { Required::False })
                .description(description.as_ref().and_then(Value::as_str))
                .name(name)
                .extensions(Some(schema))
                .build()
        };
        properties.into_iter().map(parameter).collect()
    }
}

/// The schema of a body that is sent to us, as its type reads it.
pub fn body<T: JsonSchema>() -> Value {
    let mut schema = of::<T>(SchemaSettings::for_deserialize);
    exact(&mut schema);
    schema
}

/// The schema of a body that we answer.
pub fn answer<T: JsonSchema>() -> Value {
    of::<T>(SchemaSettings::for_serialize)
}

/// The shop in a path.
pub fn shop() -> Value {
    path_parameter("shop", "The shop's myshopify.com name", json!({"type": "string", "pattern": limits::SHOP}))
}

/// An id of Shopify's in a path.
pub fn id(name: &str) -> Value {
    path_parameter(name, "Shopify's id", json!({"$ref": "#/components/schemas/Id"}))
}

pub fn path_parameter(name: &str, description: &str, schema: Value) -> Value {
    json!({"name": name, "in": "path", "required": true, "description": description, "schema": schema})
}

pub fn header(name: &str, description: &str, required: bool, schema: Value) -> Value {
    json!({"name": name, "in": "header", "required": required, "description": description, "schema": schema})
}

/// A problem as an answer.
pub fn refusal(description: &str) -> Value {
    let problem = json!({"application/problem+json": {"schema": {"$ref": "#/components/schemas/Problem"}}});
    json!({"description": description, "content": problem})
}

/// What a server says of itself that asks nobody for a key.
pub(crate) fn without_keys(mut document: Value) -> Value {
    if let Some(components) = document["components"].as_object_mut() {
        components.remove("securitySchemes");
    }
    let paths = document["paths"].as_object_mut().into_iter().flat_map(serde_json::Map::values_mut);
    for operation in paths.filter_map(Value::as_object_mut).flat_map(serde_json::Map::values_mut) {
        let Some(operation) = operation.as_object_mut().filter(|operation| operation.contains_key("security")) else {
            continue;
        };
        operation.remove("security");
        if let Some(answers) = operation.get_mut("responses").and_then(Value::as_object_mut) {
            answers.retain(|status, _| !["401", "403", "429"].contains(&status.as_str()));
        }
    }
    document
}

fn of<T: JsonSchema>(direction: fn(SchemaSettings) -> SchemaSettings) -> Value {
    let settings = SchemaSettings::draft2020_12().with(|settings| {
        settings.meta_schema = None;
        settings.inline_subschemas = true;
    });
    let mut schema = direction(settings).into_generator().into_root_schema_for::<T>().to_value();
    if let Some(schema) = schema.as_object_mut() {
        schema.remove("title");
    }
    schema
}

/// A parameter that is not there is not sent; there is no null.
fn without_null(schema: &mut Value) {
    match schema {
        Value::Array(schemas) => schemas.iter_mut().for_each(without_null),
        Value::Object(schema) => {
            schema.values_mut().for_each(without_null);
            for words in ["type", "enum", "anyOf"] {
                let Some(Value::Array(all)) = schema.get_mut(words) else { continue };
                all.retain(|word| *word != json!("null") && !word.is_null() && *word != json!({"type": "null"}));
                if let ("type" | "anyOf", [only]) = (words, all.as_slice()) {
                    let only = only.clone();
                    schema.remove(words);
                    match only {
                        Value::Object(only) => schema.extend(only),
                        word => drop(schema.insert(words.to_owned(), word)),
                    }
                }
            }
        }
        _ => {}
    }
}

/// An event's schema lets an id have any 19 digits; what is asked for is read more exactly.
fn exact(schema: &mut Value) {
    match schema {
        Value::Array(schemas) => schemas.iter_mut().for_each(exact),
        Value::Object(words) if words.get("pattern").is_some_and(|pattern| pattern == NUMERIC_ID) => {
            let id = json!({"$ref": "#/components/schemas/Id"});
            let is_optional = words.get("type").is_some_and(Value::is_array);
            let description = words.get("description").cloned();
            *schema = if is_optional { json!({"anyOf": [id, {"type": "null"}]}) } else { id };
            if let Some(description) = description {
                schema["description"] = description;
            }
        }
        Value::Object(words) => words.values_mut().for_each(exact),
        _ => {}
    }
}
