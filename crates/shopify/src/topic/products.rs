//! Products, collections, and where they are offered.

use events::{Collection, SellingPlanGroup};

use super::Part::{Gid, Number, Text};
use super::Version::Field;
use super::{CHANNEL, ID, JOB, PRODUCT_ID, REPEATS, TRIGGERED_AT, Topic, UPDATED_AT, deleted, kept, observed, typed};
use crate::product;

pub(super) static TOPICS: &[Topic] = &[
    typed("products/create", "product", ID, UPDATED_AT, product::snapshot),
    typed("products/update", "product", ID, UPDATED_AT, product::snapshot),
    typed("products/delete", "product", ID, TRIGGERED_AT, product::deleted),
    kept("variants/in_stock", "product", PRODUCT_ID, UPDATED_AT, REPEATS),
    kept("variants/out_of_stock", "product", PRODUCT_ID, UPDATED_AT, REPEATS),
    kept(
        "product_listings/add",
        "product",
        &[Number("product_listing.product_id")],
        Field("product_listing.updated_at"),
        REPEATS,
    ),
    kept(
        "product_listings/update",
        "product",
        &[Number("product_listing.product_id")],
        Field("product_listing.updated_at"),
        REPEATS,
    ),
    kept("product_listings/remove", "product", &[Number("product_listing.product_id")], TRIGGERED_AT, REPEATS),
    kept(
        "scheduled_product_listings/add",
        "product",
        &[Number("scheduled_product_listing.product_id")],
        Field("scheduled_product_listing.updated_at"),
        CHANNEL,
    ),
    kept(
        "scheduled_product_listings/update",
        "product",
        &[Number("scheduled_product_listing.product_id")],
        Field("scheduled_product_listing.updated_at"),
        CHANNEL,
    ),
    kept(
        "scheduled_product_listings/remove",
        "product",
        &[Number("scheduled_product_listing.product_id")],
        TRIGGERED_AT,
        CHANNEL,
    ),
    kept("product_publications/create", "product", PRODUCT_ID, UPDATED_AT, CHANNEL),
    kept("product_publications/update", "product", PRODUCT_ID, UPDATED_AT, CHANNEL),
    kept("product_publications/delete", "product_publication", ID, TRIGGERED_AT, CHANNEL),
    kept("product_feeds/create", "product_feed", &[Gid("id", &["ProductFeed"])], TRIGGERED_AT, CHANNEL),
    kept("product_feeds/update", "product_feed", &[Gid("id", &["ProductFeed"])], TRIGGERED_AT, CHANNEL),
    kept(
        "product_feeds/full_sync",
        "product_feed",
        &[Gid("productFeed.id", &["ProductFeed"])],
        Field("metadata.occurred_at"),
        JOB,
    ),
    kept(
        "product_feeds/full_sync_finish",
        "product_feed",
        &[Gid("productFeed.id", &["ProductFeed"])],
        Field("metadata.occurred_at"),
        JOB,
    ),
    kept(
        "product_feeds/incremental_sync",
        "product_feed",
        &[Gid("productFeed.id", &["ProductFeed"])],
        Field("metadata.occurred_at"),
        JOB,
    ),
    kept("publications/delete", "publication", ID, TRIGGERED_AT, CHANNEL),
    kept("channels/delete", "channel", &[Text("id")], TRIGGERED_AT, CHANNEL),
    observed::<Collection>("collections/create", ID, UPDATED_AT),
    observed::<Collection>("collections/update", ID, UPDATED_AT),
    deleted::<Collection>("collections/delete", ID, TRIGGERED_AT),
    kept(
        "collection_listings/add",
        "collection",
        &[Number("collection_listing.collection_id")],
        Field("collection_listing.updated_at"),
        REPEATS,
    ),
    kept(
        "collection_listings/update",
        "collection",
        &[Number("collection_listing.collection_id")],
        Field("collection_listing.updated_at"),
        REPEATS,
    ),
    kept(
        "collection_listings/remove",
        "collection",
        &[Number("collection_listing.collection_id")],
        TRIGGERED_AT,
        REPEATS,
    ),
    kept("collection_publications/create", "collection", &[Number("collection_id")], UPDATED_AT, CHANNEL),
    kept("collection_publications/update", "collection", &[Number("collection_id")], UPDATED_AT, CHANNEL),
    kept("collection_publications/delete", "collection_publication", ID, TRIGGERED_AT, CHANNEL),
    observed::<SellingPlanGroup>("selling_plan_groups/create", ID, TRIGGERED_AT),
    observed::<SellingPlanGroup>("selling_plan_groups/update", ID, TRIGGERED_AT),
    deleted::<SellingPlanGroup>("selling_plan_groups/delete", ID, TRIGGERED_AT),
];
