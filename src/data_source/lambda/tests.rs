//! The data source with functions that answer by closure.

use std::time::{Duration, Instant};

use value::value;

use super::fake::{Asked, FakeFunctions, gives, throws};
use super::*;
use crate::data_source::Placed;

fn call() -> Call {
    Call::new(&"Query".into(), &"f".into(), Instant::now() + Duration::from_secs(60))
}

fn source(functions: &Arc<FakeFunctions>) -> LambdaDataSource {
    LambdaDataSource::new(Arc::clone(functions) as Arc<dyn Functions>, "f".into())
}

#[tokio::test]
async fn the_payload_is_the_event() {
    let functions = FakeFunctions::giving(|event| value!({"got": (event.clone())}));
    let source = source(&functions);
    let check = async |request: Value, expected: Value| assert_eq!(source.invoke(request, &call()).await, Ok(expected));
    check(value!({"operation": "Invoke", "payload": {"n": 1.50}}), value!({"got": {"n": 1.50}})).await;
    check(value!({"operation": "Invoke"}), value!({"got": null})).await;
    check(value!({"operation": "Invoke", "invocationType": "Event", "payload": 7}), Value::Null).await;
    let last = functions.asked().pop().expect("an invocation");
    assert_eq!(last, Asked { function: "f".to_owned(), event: value!(7), invocation: InvocationType::Event });
}

#[tokio::test]
async fn a_batch_of_one_is_a_list_of_one() {
    let functions = FakeFunctions::mapping(|item| Value::from(vec![item.clone()]));
    let result = source(&functions).invoke(value!({"operation": "BatchInvoke", "payload": "x"}), &call()).await;
    assert_eq!(result, Ok(value!(["x"])));
    assert_eq!(functions.events(), [value!(["x"])]);
}

#[tokio::test]
async fn payloads_beyond_lambda_s_limit_are_not_sent() {
    let functions = FakeFunctions::giving(|_| Value::Null);
    let source = source(&functions);
    for (operation, invocation, limit) in [
        ("Invoke", "RequestResponse", 6 << 20),
        ("BatchInvoke", "RequestResponse", 6 << 20),
        ("Invoke", "Event", 1 << 20),
        ("BatchInvoke", "Event", 1 << 20),
    ] {
        // Two quotes, and two brackets around a batch.
        let around = if operation == "Invoke" { 2 } else { 4 };
        let request =
            |length: usize| value!({"operation": operation, "invocationType": invocation, "payload": ("x".repeat(length))});
        let before = functions.asked().len();
        let error = source.invoke(request(limit - around + 1), &call()).await.expect_err("too large");
        assert_eq!(error.error_type, "Lambda:RequestTooLargeException");
        assert!(error.message.contains(&format!("smaller than {limit} bytes")), "{}", error.message);
        assert_eq!(functions.asked().len(), before, "{operation} {invocation}");
        let result = source.invoke(request(limit - around), &call()).await;
        // A null is no list, but it has arrived.
        assert!(result.is_ok() || operation == "BatchInvoke", "{result:?}");
        assert_eq!(functions.asked().len(), before + 1, "{operation} {invocation}");
    }
}

#[tokio::test]
async fn a_batch_that_grows_too_large_fails_for_all_its_requests_and_holds_nothing() {
    let functions = FakeFunctions::giving(|_| Value::Null);
    let source = source(&functions);
    let mut batch = LambdaBatch::new(&source, 20);
    let request = value!({"operation": "BatchInvoke", "payload": ("x".repeat(1 << 20))});
    for _ in 0..20 {
        assert_eq!(crate::data_source::Batch::add(&mut batch, &request), Ok(Placed::Here));
        assert!(batch.list.len() < 6 << 20);
    }
    let results = batch.send(&call()).await;
    assert_eq!(results.len(), 20);
    assert!(results.iter().all(|result| result.as_ref().is_err_and(|e| e.error_type == "Lambda:RequestTooLargeException")));
    assert!(functions.asked().is_empty());
}

#[tokio::test]
async fn batches_take_what_belongs_together() {
    let functions = FakeFunctions::giving(|_| Value::Null);
    let source = source(&functions);
    let mut batch = Gathering::batch(&source, 2);
    let wait = value!({"operation": "BatchInvoke", "payload": 1});
    let event = value!({"operation": "BatchInvoke", "invocationType": "Event", "payload": 1});
    assert_eq!(batch.add(&value!({"operation": "Invoke"})), Ok(Placed::Alone));
    assert_eq!(batch.add(&wait), Ok(Placed::Here));
    assert_eq!(batch.add(&event), Ok(Placed::Elsewhere), "events are not waited for");
    assert!(batch.add(&value!({"operation": "None"})).is_err());
    assert_eq!(batch.add(&wait), Ok(Placed::Here));
    assert_eq!(batch.add(&wait), Ok(Placed::Elsewhere), "it is full");
    assert_eq!(batch.send(&call()).await.len(), 2);
    assert_eq!([0, 1, 2_000].map(|size| Gathering::batch_size(&source, size)), [5, 1, 2_000]);
}

#[tokio::test]
async fn a_function_that_is_too_slow_is_given_up() {
    let functions = FakeFunctions::slow(|_, _| gives(&Value::Null), 1, Duration::from_secs(60));
    let soon = Call::new(&"Query".into(), &"f".into(), Instant::now() + Duration::from_millis(50));
    for operation in ["Invoke", "BatchInvoke"] {
        let error = source(&functions).invoke(value!({"operation": operation}), &soon).await.expect_err("slow");
        assert_eq!(
            (error.error_type.as_str(), error.message.as_str()),
            ("Lambda:ExecutionTimeoutException", "Execution timed out.")
        );
    }
}

#[tokio::test]
async fn nothing_is_invoked_after_the_deadline() {
    let functions = FakeFunctions::giving(Value::clone);
    let late = Call::new(&"Query".into(), &"f".into(), Instant::now());
    for operation in ["Invoke", "BatchInvoke"] {
        for invocation in ["RequestResponse", "Event"] {
            let request = value!({"operation": operation, "invocationType": invocation});
            let error = source(&functions).invoke(request, &late).await.expect_err("too late");
            assert_eq!(error.error_type, "Lambda:ExecutionTimeoutException");
        }
    }
    assert!(functions.asked().is_empty());
}

#[tokio::test]
async fn thrown_errors_are_unhandled() {
    let functions = FakeFunctions::new(|_, _| throws("TypeError", "x is not a function"));
    let error = source(&functions).invoke(value!({"operation": "Invoke"}), &call()).await.expect_err("thrown");
    assert_eq!((error.error_type.as_str(), error.message.as_str()), ("Lambda:Unhandled", "x is not a function"));
    assert_eq!(error.unhandled_error_type, Some(value!("TypeError")));
}
