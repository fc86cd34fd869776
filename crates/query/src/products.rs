use std::borrow::Cow;

use events::{AggregateKind, Currency, InventoryItemId, Money, ProductId, Variant, VariantId};
use projections::products::{self, ProductHead, ProductView};
use projections::{Found, Listed, PageRequest, Seen};
use rust_decimal::Decimal;
use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Serialize};

use crate::answer::Answer;
use crate::call::{Call, Position};
use crate::document::Query;
use crate::limits::{LINE, is_line};
use crate::one::OneThen;
use crate::paging::{Cursor, Limit, List};
use crate::problem::Problem;

/// One product with its variants.
#[utoipa::path(
    get, path = "/v1/{shop}/products/{id}", operation_id = "get_product", tag = "products",
    params(Query<OneThen>),
    responses((status = 200, description = "The product", body = ref("#/components/schemas/Product"))),
)]
pub(crate) async fn get(call: Call<OneThen>) -> Result<Answer, Problem> {
    let id: ProductId = call.id()?;
    if let Some(then) = call.query.as_of {
        let product = products::after(id, &call.events_until(AggregateKind::Product, id.get(), then).await?);
        let product = product.ok_or_else(|| Problem::not_found("product at this position"))?;
        return Ok(call.answer(then.0, &priced(product, call.shop_settings().currency)));
    }
    call.reached(products::READS, call.query.min_position).await?;
    let Seen { position, found } = products::see(&call.state.database, &call.shop, id).await?;
    let product = found.ok_or_else(|| Problem::not_found("product"))?;
    Ok(call.answer(position, &priced(product, call.shop_settings().currency)))
}

#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct ProductQuery {
    /// Words that must all be in the title, vendor, type, tags or SKUs; of the last one its beginning is enough. Case and
    /// accents do not matter, and what is no letter or digit separates words: nothing in it is syntax.
    q: Option<SearchText>,
    /// How many to show; 50 when not said.
    #[serde(default)]
    limit: Limit,
    /// The `next_cursor` of the page before.
    cursor: Option<Cursor>,
    /// Waits until the answer holds at this position of the log.
    min_position: Option<Position>,
}

/// Characters of a search.
const LONGEST_SEARCH: usize = 200;

/// Never empty, and bounded.
#[derive(Debug, Deserialize)]
#[serde(try_from = "String")]
struct SearchText(String);

impl TryFrom<String> for SearchText {
    type Error = &'static str;

    fn try_from(text: String) -> Result<Self, &'static str> {
        let fits = !text.is_empty() && is_line(&text, LONGEST_SEARCH);
        if fits { Ok(Self(text)) } else { Err("not a search text") }
    }
}

impl JsonSchema for SearchText {
    fn schema_name() -> Cow<'static, str> {
        "SearchText".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({"type": "string", "minLength": 1, "maxLength": LONGEST_SEARCH, "pattern": LINE})
    }
}

/// The products of a shop, newest first; those that a text is found in.
#[utoipa::path(
    get, path = "/v1/{shop}/products", operation_id = "list_products", tag = "products",
    params(Query<ProductQuery>),
    responses((status = 200, description = "A page of products", body = ref("#/components/schemas/ProductList"))),
)]
pub(crate) async fn list(call: Call<ProductQuery>) -> Result<Answer, Problem> {
    let text = call.query.q.as_ref().map(|text| text.0.as_str());
    let cursors = List::new("products", (&call.shop, text));
    let after = call.query.cursor.as_ref().map(|cursor| cursors.open(cursor)).transpose()?;
    let page = PageRequest { limit: call.query.limit.get(), after };
    let position = call.position(products::READS, call.query.min_position).await?;
    let Listed { data, next_cursor } = products::search(&call.state.database, &call.shop, text, page).await?;
    let currency = call.shop_settings().currency;
    let data = data.into_iter().map(|product| priced(product, currency)).collect();
    let next_cursor = next_cursor.map(|cursor| cursors.seal(&cursor));
    Ok(call.answer(position, &Listed { data, next_cursor }))
}

/// A product as the API shows it.
#[derive(Debug, Serialize, JsonSchema)]
pub(crate) struct Product {
    #[serde(flatten)]
    product: ProductHead,
    variants: Vec<PricedVariant>,
}

#[derive(Debug, Serialize, JsonSchema)]
struct PricedVariant {
    id: VariantId,
    inventory_item_id: Option<InventoryItemId>,
    sku: Option<String>,
    title: String,
    price: Price,
    compare_at_price: Option<Price>,
}

/// Money of which the currency may not be known.
#[derive(Debug, Serialize, JsonSchema)]
struct Price {
    /// An exact decimal.
    amount: String,
    /// None when the shop's currency is not configured.
    currency: Option<Currency>,
}

fn priced(found: Found<ProductView>, currency: Option<Currency>) -> Found<Product> {
    let ProductView { product, variants } = found.view;
    let variants = variants.into_iter().map(|variant| PricedVariant::new(variant, currency)).collect();
    Found { view: Product { product, variants }, position: found.position }
}

impl PricedVariant {
    fn new(variant: Variant, currency: Option<Currency>) -> Self {
        let Variant { id, inventory_item_id, sku, title, price, compare_at_price, .. } = variant;
        let price_of = |amount: Decimal| Price {
            amount: currency.map_or(amount, |currency| Money::new(amount, currency).amount()).to_string(),
            currency,
        };
        let (price, compare_at_price) = (price_of(price), compare_at_price.map(price_of));
        Self { id, inventory_item_id, sku, title, price, compare_at_price }
    }
}
