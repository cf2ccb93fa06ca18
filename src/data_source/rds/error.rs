//! Errors as AppSync shows those of the RDS Data API: the type is the HTTP status, `400 Bad Request`, and the message the answer's
//! body after a word, `RDSHttp:{"message":"ERROR: relation \"x\" does not exist; Position: 15; SQLState: 42P01"}` (seen in public
//! reports).

use http::StatusCode;
use rds_data::{DatabaseError, ErrorKind};
use value::value;

use crate::data_source::DataSourceError;

/// An answer of the Data API that is an error.
pub(super) fn rds_http(status: StatusCode, message: &str) -> DataSourceError {
    let error_type = format!("{} {}", status.as_u16(), status.canonical_reason().unwrap_or("Unknown"));
    DataSourceError::new(error_type.trim_end(), format!("RDSHttp:{}", value!({"message": message}).to_json()))
}

/// What a database refused, with the status that the Data API would have answered with.
pub(super) fn refused_by_database(error: &DatabaseError) -> DataSourceError {
    rds_http(StatusCode::from_u16(error.kind.status()).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR), &error.message)
}

/// A request of the wrong form never leaves AppSync; a text that is too long is the Data API's to refuse.
pub(super) fn refused_request(error: &DatabaseError) -> DataSourceError {
    match error.kind {
        ErrorKind::Validation => refused_by_database(error),
        _ => DataSourceError::mapping_template(&*error.message),
    }
}
