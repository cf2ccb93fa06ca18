//! Reads `[realtime]`.

use std::time::Duration;

use value::Str;

use super::server::{some_bytes, some_time};
use super::table::Table;
use super::values::{Problem, within};
use crate::definition::{RealtimeSettings, Secret};

/// What Amplify waits for a `ka` (aws-amplify 6, `DEFAULT_KEEP_ALIVE_ALERT_TIMEOUT`).
const LONGEST_KEEP_ALIVE: Duration = Duration::from_secs(65);

/// The settings; `table` is absent when there is no `[realtime]`.
pub(super) fn read(table: Option<Table<'_>>) -> RealtimeSettings {
    let mut settings = RealtimeSettings::default();
    let Some(mut table) = table else { return settings };
    settings.broker = table.checked("broker", broker);
    settings.mqtt = table.or("mqtt", settings.mqtt);
    settings.max_connections = table.checked("max_connections", within(0..=1_000_000));
    settings.subscriptions_per_connection =
        table.checked("subscriptions_per_connection", within(1..=1_000)).unwrap_or(settings.subscriptions_per_connection);
    settings.payload_limit = table.checked("payload_limit", some_bytes).unwrap_or(settings.payload_limit);
    settings.message_limit = table.checked("message_limit", some_bytes).unwrap_or(settings.message_limit);
    settings.outbox_limit = table.checked("outbox_limit", some_bytes).unwrap_or(settings.outbox_limit);
    settings.connection_age = table.checked("connection_age", some_time).unwrap_or(settings.connection_age);
    settings.keep_alive = table.checked("keep_alive", some_time).unwrap_or(settings.keep_alive);
    if settings.outbox_limit < settings.payload_limit {
        let message =
            "`realtime.outbox_limit` is smaller than `realtime.payload_limit`, so that no client can get a payload of that size";
        let help = "raise `outbox_limit` to several payloads";
        table.report.warning("outbox-limit", &table.place_of("outbox_limit"), message.to_owned(), help);
    }
    if settings.keep_alive > LONGEST_KEEP_ALIVE {
        let message = "`realtime.keep_alive` is longer than the 65 seconds of silence that Amplify takes for a lost connection";
        let help = "AppSync's is \"60s\"";
        table.report.warning("keep-alive", &table.place_of("keep_alive"), message.to_owned(), help);
    }
    table.finish();
    settings
}

/// The URL of a broker. Its text may hold a password and is not shown.
fn broker(url: Str) -> Result<Secret, Problem> {
    broker::check_url(&url).map_err(|error| {
        Problem::new(format!("cannot be used: {error}"))
            .help("nats://HOST:4222, tls://HOST:4222, redis://HOST:6379 or rediss://HOST:6379")
    })?;
    Ok(Secret::new(url))
}
