//! Business customers.

use events::{Company, CompanyContact, CompanyContactRole, CompanyLocation};

use super::Part::Gid;
use super::{CONTACT_AT_LOCATION, TRIGGERED_AT, Topic, UPDATED_AT, ended, observed};

pub(super) static TOPICS: &[Topic] = &[
    observed::<Company>("companies/create", &[Gid("admin_graphql_api_id", &["Company"])], UPDATED_AT),
    observed::<Company>("companies/update", &[Gid("admin_graphql_api_id", &["Company"])], UPDATED_AT),
    ended::<Company>("companies/delete", &[Gid("admin_graphql_api_id", &["Company"])], TRIGGERED_AT),
    observed::<CompanyLocation>(
        "company_locations/create",
        &[Gid("admin_graphql_api_id", &["CompanyLocation"])],
        UPDATED_AT,
    ),
    observed::<CompanyLocation>(
        "company_locations/update",
        &[Gid("admin_graphql_api_id", &["CompanyLocation"])],
        UPDATED_AT,
    ),
    ended::<CompanyLocation>(
        "company_locations/delete",
        &[Gid("admin_graphql_api_id", &["CompanyLocation"])],
        TRIGGERED_AT,
    ),
    observed::<CompanyContact>(
        "company_contacts/create",
        &[Gid("admin_graphql_api_id", &["CompanyContact"])],
        UPDATED_AT,
    ),
    observed::<CompanyContact>(
        "company_contacts/update",
        &[Gid("admin_graphql_api_id", &["CompanyContact"])],
        UPDATED_AT,
    ),
    ended::<CompanyContact>(
        "company_contacts/delete",
        &[Gid("admin_graphql_api_id", &["CompanyContact"])],
        TRIGGERED_AT,
    ),
    observed::<CompanyContactRole>("company_contact_roles/assign", CONTACT_AT_LOCATION, TRIGGERED_AT),
    observed::<CompanyContactRole>("company_contact_roles/revoke", CONTACT_AT_LOCATION, TRIGGERED_AT),
];
