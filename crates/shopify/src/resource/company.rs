use events::{
    Company, CompanyAddress, CompanyContact, CompanyContactRole, CompanyLocation, CompanyLocationPersonal,
    CompanyPersonal, Timestamp,
};
use serde::Deserialize;

use super::Snapshot;
use crate::address::AddressBody;
use crate::wire::{Field, Maybe, Object, Text, gid, nonempty, personal};
use crate::{Reading, Topic, Unreadable};

/// Business customers have global ids only.
#[derive(Deserialize)]
struct CompanyBody<'a> {
    #[serde(borrow)]
    name: Text<'a>,
    external_id: Option<Text<'a>>,
    /// Null or not, always there.
    #[serde(default)]
    main_contact_admin_graphql_api_id: Field<Text<'a>>,
    customer_since: Option<Timestamp>,
    created_at: Option<Timestamp>,
    note: Option<Text<'a>>,
}

impl Snapshot for Company {
    fn read(_: &Topic, reading: &Reading<'_>) -> Result<Self, Unreadable> {
        let body: CompanyBody<'_> = reading.decode()?;
        let main_contact = match body.main_contact_admin_graphql_api_id {
            Field::Value(gid) => Some(gid),
            Field::Null => None,
            Field::Missing => return Err(Unreadable::missing("main_contact_admin_graphql_api_id")),
        };
        Ok(Self {
            name: body.name.as_str().to_owned(),
            external_id: nonempty(body.external_id),
            main_contact_id: gid(main_contact, "CompanyContact")?,
            customer_since: body.customer_since,
            created_at: body.created_at,
            personal: CompanyPersonal { note: personal(body.note) },
        })
    }
}

#[derive(Deserialize)]
struct CompanyLocationBody<'a> {
    #[serde(borrow)]
    name: Text<'a>,
    external_id: Option<Text<'a>>,
    #[serde(default)]
    company: Maybe<Gid<'a>>,
    locale: Option<Text<'a>>,
    tax_exemptions: Option<Vec<Text<'a>>>,
    #[serde(default)]
    tax_registration: Maybe<TaxRegistration<'a>>,
    created_at: Option<Timestamp>,
    phone: Option<Text<'a>>,
    note: Option<Text<'a>>,
    #[serde(default)]
    billing_address: Maybe<CompanyAddressBody<'a>>,
    #[serde(default)]
    shipping_address: Maybe<CompanyAddressBody<'a>>,
}

#[derive(Deserialize)]
struct Gid<'a> {
    #[serde(borrow)]
    admin_graphql_api_id: Option<Text<'a>>,
}

#[derive(Deserialize)]
struct TaxRegistration<'a> {
    #[serde(borrow)]
    tax_id: Option<Text<'a>>,
}

/// An address that calls the province `zone_code`, and names the recipient in one.
#[derive(Deserialize)]
struct CompanyAddressBody<'a> {
    #[serde(borrow)]
    recipient: Option<Text<'a>>,
    first_name: Option<Text<'a>>,
    last_name: Option<Text<'a>>,
    address1: Option<Text<'a>>,
    address2: Option<Text<'a>>,
    city: Option<Text<'a>>,
    zip: Option<Text<'a>>,
    zone_code: Option<Text<'a>>,
    country_code: Option<Text<'a>>,
    phone: Option<Text<'a>>,
}

impl From<CompanyAddressBody<'_>> for CompanyAddress {
    fn from(body: CompanyAddressBody<'_>) -> Self {
        let address = AddressBody {
            first_name: body.first_name,
            last_name: body.last_name,
            company: None,
            address1: body.address1,
            address2: body.address2,
            city: body.city,
            zip: body.zip,
            province_code: body.zone_code,
            country_code: body.country_code,
            phone: body.phone,
        };
        Self { recipient: personal(body.recipient), address: address.into() }
    }
}

impl Snapshot for CompanyLocation {
    fn read(_: &Topic, reading: &Reading<'_>) -> Result<Self, Unreadable> {
        let body: CompanyLocationBody<'_> = reading.decode()?;
        Ok(Self {
            name: body.name.as_str().to_owned(),
            external_id: nonempty(body.external_id),
            company_id: gid(body.company.0.and_then(|company| company.admin_graphql_api_id), "Company")?,
            locale: nonempty(body.locale),
            tax_exemptions: body.tax_exemptions.into_iter().flatten().map(|text| text.as_str().to_owned()).collect(),
            tax_registration_id: body.tax_registration.0.and_then(|registration| nonempty(registration.tax_id)),
            created_at: body.created_at,
            personal: CompanyLocationPersonal {
                phone: personal(body.phone),
                note: personal(body.note),
                billing: body.billing_address.boxed(),
                shipping: body.shipping_address.boxed(),
            },
        })
    }
}

#[derive(Deserialize)]
struct CompanyContactBody<'a> {
    /// Null or not, always there.
    #[serde(borrow, default)]
    customer_admin_graphql_api_id: Field<Text<'a>>,
    #[serde(default)]
    company: Maybe<Gid<'a>>,
    title: Option<Text<'a>>,
    locale: Option<Text<'a>>,
    created_at: Option<Timestamp>,
}

impl CompanyContactBody<'_> {
    fn contact(self) -> Result<CompanyContact, Unreadable> {
        let customer = match self.customer_admin_graphql_api_id {
            Field::Value(gid) => Some(gid),
            Field::Null => None,
            Field::Missing => return Err(Unreadable::missing("customer_admin_graphql_api_id")),
        };
        Ok(CompanyContact {
            company_id: gid(self.company.0.and_then(|company| company.admin_graphql_api_id), "Company")?,
            customer_id: gid(customer, "Customer")?,
            title: nonempty(self.title),
            locale: nonempty(self.locale),
            created_at: self.created_at,
        })
    }
}

impl Snapshot for CompanyContact {
    fn read(_: &Topic, reading: &Reading<'_>) -> Result<Self, Unreadable> {
        reading.decode::<CompanyContactBody<'_>>()?.contact()
    }
}

#[derive(Deserialize)]
struct RoleBody<'a> {
    #[serde(borrow)]
    company_contact: Object<ContactOfRole<'a>>,
    company_location: Object<LocationOfRole<'a>>,
    #[serde(default)]
    company_contact_role: Maybe<RoleName<'a>>,
}

#[derive(Deserialize)]
struct ContactOfRole<'a> {
    #[serde(borrow)]
    admin_graphql_api_id: Text<'a>,
    customer_admin_graphql_api_id: Option<Text<'a>>,
    #[serde(default)]
    company: Maybe<Gid<'a>>,
}

#[derive(Deserialize)]
struct LocationOfRole<'a> {
    #[serde(borrow)]
    admin_graphql_api_id: Text<'a>,
}

#[derive(Deserialize)]
struct RoleName<'a> {
    #[serde(borrow)]
    name: Option<Text<'a>>,
}

impl Snapshot for CompanyContactRole {
    fn read(topic: &Topic, reading: &Reading<'_>) -> Result<Self, Unreadable> {
        let RoleBody { company_contact: Object(contact), company_location: Object(location), company_contact_role } =
            reading.decode()?;
        let missing = || Unreadable::missing("admin_graphql_api_id");
        Ok(Self {
            contact_id: gid(Some(contact.admin_graphql_api_id), "CompanyContact")?.ok_or_else(missing)?,
            location_id: gid(Some(location.admin_graphql_api_id), "CompanyLocation")?.ok_or_else(missing)?,
            company_id: gid(contact.company.0.and_then(|company| company.admin_graphql_api_id), "Company")?,
            customer_id: gid(contact.customer_admin_graphql_api_id, "Customer")?,
            role: company_contact_role.0.and_then(|role| nonempty(role.name)),
            assigned: topic.action() == "assign",
        })
    }
}
