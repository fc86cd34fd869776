use serde::Deserialize;
use utoipa::IntoParams;

use crate::call::Position;

/// The parameters of a read by id.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct One {
    /// Waits until the answer holds at this position of the log.
    #[param(value_type = Option<u64>)]
    pub min_position: Option<Position>,
}
