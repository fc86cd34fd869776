use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::*;

/// Ways of selling products other than once and now.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct SellingPlanGroup {
    pub name: String,
    pub merchant_code: Option<String>,
    pub options: Vec<String>,
    pub plans: Vec<SellingPlan>,
    pub product_ids: Vec<ProductId>,
    pub variant_ids: Vec<VariantId>,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct SellingPlan {
    pub id: SellingPlanId,
    pub name: Option<String>,
}
