use std::fmt;
use std::str::FromStr;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::Shop;
use crate::ids::IdError;

/// Declares the kinds of aggregate; a name is a subject token and never changes.
macro_rules! kinds {
    ($($(#[$doc:meta])* $kind:ident = $name:literal;)*) => {
        /// The kinds of aggregate.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
        #[serde(rename_all = "snake_case")]
        pub enum AggregateKind {
            $($(#[$doc])* $kind,)*
        }

        impl AggregateKind {
            pub const ALL: [Self; [$(Self::$kind),*].len()] = [$(Self::$kind),*];

            pub const fn as_str(self) -> &'static str {
                match self {
                    $(Self::$kind => $name,)*
                }
            }
        }
    };
}

kinds! {
    Order = "order";
    Product = "product";
    Customer = "customer";
    /// One inventory item over all its locations.
    Stock = "stock";
    Shop = "shop";
    /// A customer's points.
    Loyalty = "loyalty";
    FulfillmentOrder = "fulfillment_order";
    /// By its token.
    Checkout = "checkout";
    /// One message to one recipient.
    Notification = "notification";
    /// What is told of it without its order.
    Return = "return";
    Location = "location";
    Collection = "collection";
    DraftOrder = "draft_order";
    Company = "company";
    CompanyLocation = "company_location";
    CompanyContact = "company_contact";
    CompanyContactRole = "company_contact_role";
    Dispute = "dispute";
    SubscriptionContract = "subscription_contract";
    SubscriptionBillingAttempt = "subscription_billing_attempt";
    SubscriptionBillingCycle = "subscription_billing_cycle";
    AppSubscription = "app_subscription";
    AppPurchase = "app_purchase";
    Discount = "discount";
    DiscountCode = "discount_code";
    Market = "market";
    Segment = "segment";
    SellingPlanGroup = "selling_plan_group";
    PaymentTerms = "payment_terms";
    PaymentSchedule = "payment_schedule";
    TenderTransaction = "tender_transaction";
    CustomerPaymentMethod = "customer_payment_method";
}

impl fmt::Display for AggregateKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl FromStr for AggregateKind {
    type Err = IdError;

    fn from_str(text: &str) -> Result<Self, IdError> {
        let kind = Self::ALL.into_iter().find(|kind| kind.as_str() == text);
        kind.ok_or(IdError::new("a kind of aggregate, such as order or product"))
    }
}

/// Which aggregate: kind, shop and the id inside the shop.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct AggregateKey {
    pub kind: AggregateKind,
    pub shop: Shop,
    pub id: String,
}

impl AggregateKey {
    pub fn new(kind: AggregateKind, shop: &Shop, id: impl fmt::Display) -> Self {
        Self { kind, shop: shop.clone(), id: id.to_string() }
    }
}

impl fmt::Display for AggregateKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}/{}", self.kind, self.shop, self.id)
    }
}
