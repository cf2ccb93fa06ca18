//! `Event` and `DryRun` invocations.

use std::fs;
use std::time::Duration;

use lambda_host::{InvocationType, InvokeError, InvokeRequest};

use crate::common::{Fixture, eventually};

fn event(payload: &'static str) -> InvokeRequest {
    InvokeRequest { invocation_type: InvocationType::Event, ..InvokeRequest::new(payload) }
}

#[tokio::test]
async fn an_event_that_fails_is_tried_twice_more() {
    let mut fixture = Fixture::with(|settings| {
        settings.event_retry_delays = vec![Duration::from_millis(10), Duration::from_millis(10)];
    });
    let code = "const fs = require('node:fs'); exports.handler = async ({ failures }, { awsRequestId }) => { fs.appendFileSync('tries', '.'); fs.appendFileSync('ids', awsRequestId + '\\n'); if (fs.readFileSync('tries').length <= failures) throw new Error('again'); fs.writeFileSync('done', ''); };";
    let folder = fixture.node("tries", code);
    let tries = || fs::read_to_string(folder.join("tries")).map_or(0, |text| text.len());
    let accepted = fixture.host.invoke("tries", event(r#"{"failures":2}"#)).await.expect("it is queued");
    assert!(accepted.payload.is_empty() && accepted.function_error.is_none());
    eventually("the third try succeeded", || folder.join("done").exists()).await;
    assert_eq!(tries(), 3);
    let ids = fs::read_to_string(folder.join("ids")).expect("it was written");
    assert!(ids.lines().all(|id| id == accepted.request_id), "every try has the id that the caller was told: {ids}");
    fs::remove_file(folder.join("tries")).expect("it is there");
    fixture.host.invoke("tries", event(r#"{"failures":9}"#)).await.expect("it is queued");
    eventually("three tries", || tries() == 3).await;
    tokio::time::sleep(Duration::from_millis(300)).await;
    assert_eq!(tries(), 3, "then it is dropped");
}

#[tokio::test]
async fn the_event_queue_is_bounded() {
    let mut fixture = Fixture::with(|settings| settings.event_queue_bytes = 128 << 10);
    fixture.node("slow", "exports.handler = () => new Promise((resolve) => setTimeout(resolve, 300));");
    for _ in 0..2 {
        fixture.host.invoke("slow", event("{}")).await.expect("there is room for two");
    }
    let refused = fixture.host.invoke("slow", event("{}")).await;
    assert!(matches!(refused, Err(InvokeError::TooManyRequests)), "{refused:?}");
    let mut accepted = false;
    for _ in 0..600 {
        accepted = fixture.host.invoke("slow", event("{}")).await.is_ok();
        if accepted {
            break;
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    assert!(accepted, "done events make room");
}

#[tokio::test]
async fn a_dry_run_checks_and_runs_nothing() {
    let mut fixture = Fixture::new();
    let folder = fixture.node("dry", "require('node:fs').writeFileSync('ran', '');");
    let request = || InvokeRequest { invocation_type: InvocationType::DryRun, ..InvokeRequest::new("{}") };
    let invocation = fixture.host.invoke("dry", request()).await.expect("it could run");
    assert!(invocation.payload.is_empty());
    assert_eq!(fixture.host.processes("dry"), Some((0, 0)));
    assert!(!folder.join("ran").exists());
    let missing = fixture.host.invoke("other", request()).await;
    assert!(matches!(missing, Err(InvokeError::FunctionNotFound { .. })), "{missing:?}");
}
