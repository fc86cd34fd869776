use events::{
    Discount, DiscountCode, DiscountId, Market, ProductId, Segment, SellingPlan, SellingPlanGroup, SellingPlanId,
    Timestamp, VariantId,
};
use serde::Deserialize;

use super::Snapshot;
use crate::topic::DISCOUNT;
use crate::wire::{Id, List, Object, Text, nonempty};
use crate::{Reading, Topic, Unreadable};

#[derive(Deserialize)]
struct DiscountBody<'a> {
    #[serde(borrow)]
    title: Option<Text<'a>>,
    status: Text<'a>,
    created_at: Option<Timestamp>,
}

impl Snapshot for Discount {
    fn read(_: &Topic, reading: &Reading<'_>) -> Result<Self, Unreadable> {
        let body: DiscountBody<'_> = reading.decode()?;
        let (title, status) = (nonempty(body.title), body.status.as_str().to_owned());
        Ok(Self { title, status, created_at: body.created_at })
    }
}

#[derive(Deserialize)]
struct CodeBody<'a> {
    #[serde(borrow)]
    redeem_code: Object<RedeemCode<'a>>,
}

#[derive(Deserialize)]
struct RedeemCode<'a> {
    #[serde(borrow)]
    code: Text<'a>,
}

impl Snapshot for DiscountCode {
    fn read(_: &Topic, reading: &Reading<'_>) -> Result<Self, Unreadable> {
        let CodeBody { redeem_code: Object(RedeemCode { code }) } = reading.decode()?;
        let discount_id: Option<DiscountId> = reading.id(DISCOUNT)?.parse().ok();
        let discount_id = discount_id.ok_or_else(|| Unreadable::missing("admin_graphql_api_id"))?;
        Ok(Self { discount_id, code: code.as_str().to_owned() })
    }
}

#[derive(Deserialize)]
struct MarketBody<'a> {
    #[serde(borrow)]
    name: Text<'a>,
    r#type: Option<Text<'a>>,
    status: Option<Text<'a>>,
}

impl Snapshot for Market {
    fn read(_: &Topic, reading: &Reading<'_>) -> Result<Self, Unreadable> {
        let body: MarketBody<'_> = reading.decode()?;
        let (kind, status) = (nonempty(body.r#type), nonempty(body.status));
        Ok(Self { name: body.name.as_str().to_owned(), kind, status })
    }
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct SegmentBody<'a> {
    #[serde(borrow)]
    name: Text<'a>,
    query: Text<'a>,
    creation_date: Option<Timestamp>,
}

impl Snapshot for Segment {
    fn read(_: &Topic, reading: &Reading<'_>) -> Result<Self, Unreadable> {
        let body: SegmentBody<'_> = reading.decode()?;
        let (name, query) = (body.name.as_str().to_owned(), body.query.as_str().to_owned());
        Ok(Self { name, query, created_at: body.creation_date })
    }
}

#[derive(Deserialize)]
struct GroupBody<'a> {
    #[serde(borrow)]
    name: Text<'a>,
    merchant_code: Option<Text<'a>>,
    options: Option<Vec<Text<'a>>>,
    selling_plans: Vec<Object<PlanBody<'a>>>,
    #[serde(default)]
    products: List<ProductBody>,
    #[serde(default)]
    product_variants: List<VariantBody>,
}

#[derive(Deserialize)]
struct PlanBody<'a> {
    id: Id<SellingPlanId>,
    #[serde(borrow)]
    name: Option<Text<'a>>,
}

#[derive(Deserialize)]
struct ProductBody {
    id: Id<ProductId>,
}

#[derive(Deserialize)]
struct VariantBody {
    id: Id<VariantId>,
}

impl Snapshot for SellingPlanGroup {
    fn read(_: &Topic, reading: &Reading<'_>) -> Result<Self, Unreadable> {
        let body: GroupBody<'_> = reading.decode()?;
        let plan = |Object(plan): Object<PlanBody<'_>>| SellingPlan { id: plan.id.0, name: nonempty(plan.name) };
        Ok(Self {
            name: body.name.as_str().to_owned(),
            merchant_code: nonempty(body.merchant_code),
            options: body.options.into_iter().flatten().map(|option| option.as_str().to_owned()).collect(),
            plans: body.selling_plans.into_iter().map(plan).collect(),
            product_ids: body.products.0.into_iter().map(|Object(product)| product.id.0).collect(),
            variant_ids: body.product_variants.0.into_iter().map(|Object(variant)| variant.id.0).collect(),
        })
    }
}
