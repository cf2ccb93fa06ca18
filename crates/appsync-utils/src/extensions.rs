//! `extensions.*`: subscription filters, invalidation and cache eviction, recorded for the server to act on.

use value::{Value, value};

use crate::arguments::Arguments;
use crate::session::MAX_EFFECTS;
use crate::{Failure, Session, Utility};

pub(crate) const TABLE: &[Utility] = &[
    Utility::both("setSubscriptionFilter", |session, values| {
        session.effects.subscription_filter = filter(session, "setSubscriptionFilter", values)?;
        Ok(Value::Null)
    }),
    Utility::both("setSubscriptionInvalidationFilter", |session, values| {
        session.effects.invalidation_filter = filter(session, "setSubscriptionInvalidationFilter", values)?;
        Ok(Value::Null)
    }),
    Utility::both("invalidateSubscriptions", invalidate_subscriptions),
    Utility::both("evictFromApiCache", evict_from_api_cache),
];

fn filter(session: &mut Session, name: &'static str, values: &[Value]) -> Result<Option<Value>, Failure> {
    let arguments = Arguments::new(name, values);
    charge(session, values, arguments)?;
    match arguments.get(0) {
        Value::Null => Ok(None),
        filter if filter.get("filterGroup").is_some_and(|group| group.as_list().is_some()) => Ok(Some(filter.clone())),
        _ => Err(arguments.refuse(format!("{name} expects an object with a list 'filterGroup'"))),
    }
}

fn invalidate_subscriptions(session: &mut Session, values: &[Value]) -> Result<Value, Failure> {
    let arguments = Arguments::new("invalidateSubscriptions", values);
    let request = arguments.object(0)?;
    if request.get("subscriptionField").and_then(Value::as_str).is_none() {
        return Err(arguments.refuse("invalidateSubscriptions expects a string 'subscriptionField'"));
    }
    if !matches!(request.get("payload"), None | Some(Value::Null | Value::Object(_))) {
        return Err(arguments.refuse("invalidateSubscriptions expects 'payload' to be an object"));
    }
    charge(session, values, arguments)?;
    push(&mut session.effects.invalidations, arguments.get(0).clone(), arguments)
}

fn evict_from_api_cache(session: &mut Session, values: &[Value]) -> Result<Value, Failure> {
    let arguments = Arguments::new("evictFromApiCache", values);
    let (type_name, field_name, pairs) = (arguments.str(0)?, arguments.str(1)?, arguments.object(2)?);
    charge(session, values, arguments)?;
    let eviction = value!({"typeName": type_name, "fieldName": field_name, "keyValuePair": (pairs.clone())});
    push(&mut session.effects.evictions, eviction, arguments)
}

fn charge(session: &mut Session, values: &[Value], arguments: Arguments<'_>) -> Result<(), Failure> {
    session.effects.charge(values).map_err(|limit| arguments.refuse(limit))
}

fn push(list: &mut Vec<Value>, item: Value, arguments: Arguments<'_>) -> Result<Value, Failure> {
    if list.len() >= MAX_EFFECTS {
        return Err(arguments.refuse(format!("called more than {MAX_EFFECTS} times in one evaluation")));
    }
    list.push(item);
    Ok(Value::Null)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::session;

    #[test]
    fn what_an_evaluation_leaves_is_bounded_in_bytes() {
        let long = Value::from("x".repeat(300_000));
        for (name, arguments) in [
            ("setSubscriptionFilter", vec![value!({"filterGroup": [(long.clone())]})]),
            ("invalidateSubscriptions", vec![value!({"subscriptionField": "onX", "payload": {"a": (long.clone())}})]),
            ("evictFromApiCache", vec![value!("Query"), value!("getX"), value!({"a": (long.clone())})]),
        ] {
            let mut session = session();
            let table = crate::extensions();
            let calls = (0..900).map(|_| (crate::find(table, name).expect("known").call)(&mut session, &arguments));
            let failed: Vec<_> = calls.filter_map(Result::err).collect();
            assert_eq!(failed.len(), 900 - 17, "{name}");
            assert!(failed[0].to_string().contains("5242880 bytes"), "{}", failed[0]);
        }
        let (mut session, table) = (session(), crate::utilities());
        let append = crate::find(table, "appendError").expect("known");
        let failed = (0..900).filter_map(|_| (append.call)(&mut session, &[value!("m"), value!("T"), long.clone()]).err()).last();
        assert_eq!(session.effects.errors.len(), 17);
        assert!(failed.is_some_and(|failed| failed.to_string().contains("5242880 bytes")));
    }

    #[test]
    fn extensions_leave_their_wishes_in_the_session() {
        let mut session = session();
        let mut call = |name: &str, arguments: &[Value]| {
            (crate::find(crate::extensions(), name).expect("known").call)(&mut session, arguments)
        };
        let group = value!({"filterGroup": (Value::List(Default::default()))});
        for (name, arguments, good) in [
            ("setSubscriptionFilter", vec![group.clone()], true),
            ("setSubscriptionFilter", vec![value!({"a": 1})], false),
            ("setSubscriptionInvalidationFilter", vec![group.clone()], true),
            ("invalidateSubscriptions", vec![value!({"subscriptionField": "onX", "payload": {"a": 1}})], true),
            ("invalidateSubscriptions", vec![value!({"payload": {}})], false),
            ("invalidateSubscriptions", vec![value!({"subscriptionField": "onX", "payload": 1})], false),
            ("evictFromApiCache", vec![value!("Query"), value!("getX"), value!({"ctx.args.id": "1"})], true),
            ("evictFromApiCache", vec![value!("Query")], false),
        ] {
            assert_eq!(call(name, &arguments).is_ok(), good, "{name} {arguments:?}");
        }
        let effects = session.effects;
        assert_eq!((effects.subscription_filter, effects.invalidation_filter), (Some(group.clone()), Some(group)));
        assert_eq!(effects.invalidations.len(), 1);
        let eviction = value!({"typeName": "Query", "fieldName": "getX", "keyValuePair": {"ctx.args.id": "1"}});
        assert_eq!(effects.evictions, [eviction]);
    }
}
