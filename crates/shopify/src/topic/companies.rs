//! Business customers.

use super::Part::Gid;
use super::{CONTACT_AT_LOCATION, NO_EVENT_YET, TRIGGERED_AT, Topic, UPDATED_AT, kept};

pub(super) static TOPICS: &[Topic] = &[
    kept("companies/create", "company", &[Gid("admin_graphql_api_id", &["Company"])], UPDATED_AT, NO_EVENT_YET),
    kept("companies/update", "company", &[Gid("admin_graphql_api_id", &["Company"])], UPDATED_AT, NO_EVENT_YET),
    kept("companies/delete", "company", &[Gid("admin_graphql_api_id", &["Company"])], TRIGGERED_AT, NO_EVENT_YET),
    kept(
        "company_locations/create",
        "company_location",
        &[Gid("admin_graphql_api_id", &["CompanyLocation"])],
        UPDATED_AT,
        NO_EVENT_YET,
    ),
    kept(
        "company_locations/update",
        "company_location",
        &[Gid("admin_graphql_api_id", &["CompanyLocation"])],
        UPDATED_AT,
        NO_EVENT_YET,
    ),
    kept(
        "company_locations/delete",
        "company_location",
        &[Gid("admin_graphql_api_id", &["CompanyLocation"])],
        TRIGGERED_AT,
        NO_EVENT_YET,
    ),
    kept(
        "company_contacts/create",
        "company_contact",
        &[Gid("admin_graphql_api_id", &["CompanyContact"])],
        UPDATED_AT,
        NO_EVENT_YET,
    ),
    kept(
        "company_contacts/update",
        "company_contact",
        &[Gid("admin_graphql_api_id", &["CompanyContact"])],
        UPDATED_AT,
        NO_EVENT_YET,
    ),
    kept(
        "company_contacts/delete",
        "company_contact",
        &[Gid("admin_graphql_api_id", &["CompanyContact"])],
        TRIGGERED_AT,
        NO_EVENT_YET,
    ),
    kept("company_contact_roles/assign", "company_contact_role", CONTACT_AT_LOCATION, TRIGGERED_AT, NO_EVENT_YET),
    kept("company_contact_roles/revoke", "company_contact_role", CONTACT_AT_LOCATION, TRIGGERED_AT, NO_EVENT_YET),
];
