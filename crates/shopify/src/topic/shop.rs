//! The shop, the app in it, and what is none of ours.

use super::Part::Gid;
use super::Version::Field;
use super::{AUDIT, ID, JOB, MARKETING, OTHER_APPS, SETTINGS, SHOP, TRIGGERED_AT, Topic, kept, typed};
use crate::{privacy, shop};

pub(super) static TOPICS: &[Topic] = &[
    typed("app/uninstalled", "shop", SHOP, TRIGGERED_AT, shop::uninstalled),
    typed("app/scopes_update", "shop", SHOP, TRIGGERED_AT, shop::scopes),
    typed("shop/update", "shop", SHOP, TRIGGERED_AT, shop::snapshot),
    typed("shop/redact", "shop", SHOP, TRIGGERED_AT, privacy::shop_redaction),
    kept("markets_backup_region/update", "settings", SHOP, TRIGGERED_AT, SETTINGS),
    kept("checkout_and_accounts_configurations/update", "settings", SHOP, TRIGGERED_AT, SETTINGS),
    kept("customer_account_settings/update", "settings", SHOP, TRIGGERED_AT, SETTINGS),
    kept("delivery_promise_settings/update", "settings", SHOP, TRIGGERED_AT, SETTINGS),
    kept("tax_partners/update", "settings", SHOP, TRIGGERED_AT, SETTINGS),
    kept("tax_services/create", "settings", ID, TRIGGERED_AT, SETTINGS),
    kept("tax_services/update", "settings", ID, TRIGGERED_AT, SETTINGS),
    kept("profiles/create", "settings", ID, TRIGGERED_AT, SETTINGS),
    kept("profiles/update", "settings", ID, TRIGGERED_AT, SETTINGS),
    kept("profiles/delete", "settings", ID, TRIGGERED_AT, SETTINGS),
    kept("shipping_addresses/create", "settings", ID, TRIGGERED_AT, SETTINGS),
    kept("shipping_addresses/update", "settings", ID, TRIGGERED_AT, SETTINGS),
    kept("tax_summaries/create", "tax_summary", ID, TRIGGERED_AT, OTHER_APPS),
    kept("finance_app_staff_member/delete", "finance", SHOP, TRIGGERED_AT, OTHER_APPS),
    kept("finance_app_staff_member/grant", "finance", SHOP, TRIGGERED_AT, OTHER_APPS),
    kept("finance_app_staff_member/revoke", "finance", SHOP, TRIGGERED_AT, OTHER_APPS),
    kept("finance_app_staff_member/update", "finance", SHOP, TRIGGERED_AT, OTHER_APPS),
    kept("finance_kyc_information/update", "finance", SHOP, TRIGGERED_AT, OTHER_APPS),
    kept("attributed_sessions/first", "attributed_session", SHOP, TRIGGERED_AT, MARKETING),
    kept("attributed_sessions/last", "attributed_session", SHOP, TRIGGERED_AT, MARKETING),
    kept("audit_events/admin_api_activity", "audit_event", SHOP, TRIGGERED_AT, AUDIT),
    kept(
        "bulk_operations/finish",
        "bulk_operation",
        &[Gid("admin_graphql_api_id", &["BulkOperation"])],
        Field("completed_at"),
        JOB,
    ),
];
