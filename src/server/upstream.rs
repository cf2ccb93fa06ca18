//! A small HTTP service for the example API to talk to in development mode: the venues of a club, as a booking provider would
//! offer them. It answers loopback callers only, so that an example without a network is still a real HTTP data source.

use std::net::IpAddr;

use axum::Router;
use axum::extract::{Path, RawQuery};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use http::StatusCode;
use http::header::CONTENT_TYPE;
use http::request::Parts;
use value::{Value, value};

use super::local;

/// The path below which the service lives.
pub const PATH: &str = "/_upstream";

/// Whether a path belongs to this service.
pub(super) fn is_upstream(path: &str) -> bool {
    path.strip_prefix(PATH).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
}

/// Lets in who is on this machine and not a web page of someone else.
pub(super) fn admit(parts: &Parts, peer: IpAddr) -> Result<(), String> {
    match local::refusal(parts, peer) {
        None => Ok(()),
        Some(what) => Err(format!("{PATH} answers callers on this machine only: {what}.")),
    }
}

/// The service: `GET /_upstream/venues?city=…` and `GET /_upstream/venues/{id}`.
pub fn router() -> Router {
    Router::new()
        .route("/_upstream/venues", get(list))
        .route("/_upstream/venues/{id}", get(one))
        .fallback(|| async { json(StatusCode::NOT_FOUND, &value!({"message": "Unknown path."})) })
}

async fn list(RawQuery(query): RawQuery) -> Response {
    let city = query.as_deref().unwrap_or_default().split('&').find_map(|pair| pair.strip_prefix("city=")).map(|city| {
        let spaced = city.replace('+', " ");
        percent_encoding::percent_decode_str(&spaced).decode_utf8_lossy().into_owned()
    });
    let venues: Value = venues()
        .into_iter()
        .filter(|venue| city.as_deref().is_none_or(|city| venue.get("city").and_then(Value::as_str) == Some(city)))
        .collect();
    json(StatusCode::OK, &value!({"venues": venues}))
}

async fn one(Path(id): Path<String>) -> Response {
    match venues().into_iter().find(|venue| venue.get("id").and_then(Value::as_str) == Some(&id)) {
        Some(venue) => json(StatusCode::OK, &venue),
        None => json(StatusCode::NOT_FOUND, &value!({"message": (format!("There is no venue '{id}'."))})),
    }
}

fn json(status: StatusCode, body: &Value) -> Response {
    (status, [(CONTENT_TYPE, "application/json")], body.to_json()).into_response()
}

fn venues() -> Vec<Value> {
    let hours = |day: &str, opens: &str, closes: &str| value!({"day": day, "opens": opens, "closes": closes});
    let week = |opens: &str, closes: &str| {
        ["MONDAY", "TUESDAY", "WEDNESDAY", "THURSDAY", "FRIDAY"].map(|day| hours(day, opens, closes)).to_vec()
    };
    let with = |mut days: Vec<Value>, more: &[Value]| {
        days.extend_from_slice(more);
        days
    };
    vec![
        value!({
            "id": "riverside", "name": "Riverside Boathouse", "city": "Lucerne", "address": "Alpenquai 12", "capacity": 40,
            "location": {"latitude": 47.0425, "longitude": 8.3150}, "indoor": false,
            "facilities": ["boats", "showers", "grill"], "phone": "+41415550112",
            "openingHours": (with(week("07:00", "21:00"), &[hours("SATURDAY", "06:00", "22:00"), hours("SUNDAY", "06:00", "20:00")])),
        }),
        value!({
            "id": "north-hall", "name": "North Hall", "city": "Lucerne", "address": "Spitalstrasse 4", "capacity": 180,
            "location": {"latitude": 47.0581, "longitude": 8.3012}, "indoor": true,
            "facilities": ["courts", "showers", "lockers", "cafe"], "phone": "+41415550187",
            "openingHours": (with(week("08:00", "22:30"), &[hours("SATURDAY", "09:00", "18:00")])),
        }),
        value!({
            "id": "clubhouse", "name": "Old Clubhouse", "city": "Zug", "address": "Seestrasse 31", "capacity": 65,
            "location": {"latitude": 47.1662, "longitude": 8.5155}, "indoor": true,
            "facilities": ["library", "kitchen", "terrace"], "phone": null,
            "openingHours": [(hours("WEDNESDAY", "18:00", "23:00")), (hours("FRIDAY", "18:00", "24:00")), (hours("SUNDAY", "10:00", "16:00"))],
        }),
    ]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_callers_on_this_machine_are_admitted() {
        let check = |peer: &str, headers: &[(&str, &str)], refused: Option<&str>| {
            let mut request = http::Request::builder().uri("/_upstream/venues");
            for (name, text) in headers {
                request = request.header(*name, *text);
            }
            let result = admit(&request.body(()).expect("a request").into_parts().0, peer.parse().expect("an address"));
            match (result, refused) {
                (Ok(()), None) => {}
                (Err(message), Some(part)) if message.contains(part) => {}
                (result, _) => panic!("{peer} {headers:?}: {result:?}"),
            }
        };
        let local = ("host", "localhost:20002");
        check("127.0.0.1", &[local], None);
        check("::1", &[("host", "[::1]:20002")], None);
        check("::ffff:127.0.0.1", &[("host", "127.0.0.1")], None);
        check("127.0.0.1", &[("host", "club.appsync-api.localhost")], None);
        check("127.0.0.1", &[local, ("origin", "http://localhost:3000")], None);
        check("192.168.1.7", &[local], Some("comes from elsewhere"));
        check("127.0.0.1", &[], Some("Host"));
        check("127.0.0.1", &[("host", "evil.test")], Some("Host"));
        check("127.0.0.1", &[("host", "localhost.evil.test")], Some("Host"));
        check("127.0.0.1", &[local, ("host", "evil.test")], Some("Host"));
        check("127.0.0.1", &[local, ("x-forwarded-for", "10.0.0.1")], Some("forwarded"));
        check("127.0.0.1", &[local, ("origin", "https://evil.test")], Some("Origin"));
        check("127.0.0.1", &[local, ("origin", "null")], Some("Origin"));
    }

    #[test]
    fn the_path_is_matched_by_segment() {
        assert!(is_upstream("/_upstream") && is_upstream("/_upstream/venues"));
        assert!(!is_upstream("/_upstreams") && !is_upstream("/a/_upstream"));
    }
}
