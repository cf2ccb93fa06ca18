//! A function built with AWS's `lambda_runtime`, a client of the Runtime API that was not written here.

use lambda_host::{InvokeRequest, Runtime};
use lambda_runtime::{Error, LambdaEvent, service_fn};
use serde_json::{Value, json};

use crate::common::{Fixture, write};

/// The function, as it would be deployed: its `bootstrap` runs this test executable with this one test.
#[tokio::test]
#[ignore = "it is the function that the test below starts, and answers until it is ended"]
async fn the_function() {
    lambda_runtime::run(service_fn(handler)).await.expect("the Runtime API answers");
}

async fn handler(event: LambdaEvent<Value>) -> Result<Value, Error> {
    if let Some(message) = event.payload["fail"].as_str() {
        return Err(message.to_owned().into());
    }
    let context = event.context;
    Ok(json!({
        "event": event.payload,
        "requestId": context.request_id,
        "function": context.env_config.function_name,
        "arn": context.invoked_function_arn,
        "hasDeadline": context.deadline > 0,
        "traced": context.xray_trace_id.is_some(),
    }))
}

#[tokio::test]
async fn a_function_in_rust_runs_with_awss_own_runtime() {
    let mut fixture = Fixture::new();
    let folder = fixture.add("rust", Runtime::Provided, "unused", &[], |_| {});
    let executable = std::env::current_exe().expect("a test is an executable");
    let bootstrap = format!("#!/bin/sh\nexec '{}' --ignored --exact rust_runtime::the_function\n", executable.display());
    write(&folder, "bootstrap", &bootstrap);

    for round in 0..3 {
        let answer = fixture.host.invoke("rust", InvokeRequest::new(json!({"round": round}).to_string())).await;
        let invocation = answer.expect("the function is there");
        let answer: Value = serde_json::from_slice(&invocation.payload).expect("the answer is JSON");
        assert_eq!(invocation.function_error, None, "{answer}");
        assert_eq!(
            answer,
            json!({
                "event": {"round": round},
                "requestId": invocation.request_id,
                "function": "rust",
                "arn": answer["arn"],
                "hasDeadline": true,
                "traced": true,
            })
        );
        assert!(answer["arn"].as_str().is_some_and(|arn| arn.ends_with(":function:rust")), "{answer}");
    }
    let (_, message) = fixture.failure("rust", r#"{"fail":"no boats"}"#).await;
    assert_eq!(message, "no boats");
}
