//! What the storefront shows and how: nothing of it is commerce.

use super::Part::{Gid, Text};
use super::{CONTENT, ID, JOB, PRESENTATION, TRIGGERED_AT, Topic, UPDATED_AT, kept};

pub(super) static TOPICS: &[Topic] = &[
    kept("metaobjects/create", "metaobject", &[Gid("id", &["Metaobject"])], UPDATED_AT, CONTENT),
    kept("metaobjects/update", "metaobject", &[Gid("id", &["Metaobject"])], UPDATED_AT, CONTENT),
    kept("metaobjects/delete", "metaobject", &[Gid("id", &["Metaobject"])], TRIGGERED_AT, CONTENT),
    kept("metafield_definitions/create", "metafield_definition", ID, UPDATED_AT, CONTENT),
    kept("metafield_definitions/update", "metafield_definition", ID, UPDATED_AT, CONTENT),
    kept("metafield_definitions/delete", "metafield_definition", ID, TRIGGERED_AT, CONTENT),
    kept("themes/create", "theme", ID, UPDATED_AT, PRESENTATION),
    kept("themes/update", "theme", ID, UPDATED_AT, PRESENTATION),
    kept("themes/publish", "theme", ID, UPDATED_AT, PRESENTATION),
    kept("themes/delete", "theme", ID, TRIGGERED_AT, PRESENTATION),
    kept("locales/create", "locale", &[Text("locale")], TRIGGERED_AT, PRESENTATION),
    kept("locales/update", "locale", &[Text("locale")], TRIGGERED_AT, PRESENTATION),
    kept("locales/destroy", "locale", &[Text("locale")], TRIGGERED_AT, PRESENTATION),
    kept("domains/create", "domain", ID, TRIGGERED_AT, PRESENTATION),
    kept("domains/update", "domain", ID, TRIGGERED_AT, PRESENTATION),
    kept("domains/destroy", "domain", ID, TRIGGERED_AT, PRESENTATION),
    kept("machine_translation_batch/completed", "machine_translation_batch", ID, TRIGGERED_AT, JOB),
];
