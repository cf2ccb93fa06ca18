//! Identity-based policies of AWS IAM, as far as they decide by action and resource
//! ([JSON policy elements](https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements.html)).
//!
//! [`Policy::read`] takes a policy document; [`decide`] says whether a caller with some policies may do something to a resource,
//! by IAM's rules: an explicit deny wins, and what nothing allows is denied. Elements that would change a decision and are not
//! evaluated here (`Condition`, `NotAction`, `NotResource`, policy variables) are refused when the document is read, because a
//! policy that means something else than it says lets the wrong people in.
//!
//! Start reading in [`decide`]; `read` judges documents, `pattern` matches.

mod pattern;
mod read;

use pattern::{ARN_PARTS, ActionPattern, ResourcePattern, parts};

pub use read::PolicyFault;

/// A policy, ready to decide.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Policy {
    statements: Vec<Statement>,
}

/// One statement of a policy.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Statement {
    effect: Effect,
    actions: Vec<ActionPattern>,
    resources: Vec<ResourcePattern>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Effect {
    Allow,
    Deny,
}

/// What policies say about one action on one resource.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Decision {
    /// A statement allows it and none denies it.
    Allowed,
    /// No statement speaks about it.
    ImplicitlyDenied,
    /// A statement denies it.
    ExplicitlyDenied,
}

/// Decides by IAM's
/// [evaluation logic](https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_evaluation-logic.html) for the identity's
/// own policies. `action` is written like `appsync:GraphQL`, `resource` is an ARN without wildcards.
pub fn decide<'a>(policies: impl IntoIterator<Item = &'a Policy>, action: &str, resource: &str) -> Decision {
    let parts = parts(resource);
    let mut decision = Decision::ImplicitlyDenied;
    for statement in policies.into_iter().flat_map(|policy| &policy.statements) {
        if statement.speaks_about(action, parts.as_ref()) {
            match statement.effect {
                Effect::Deny => return Decision::ExplicitlyDenied,
                Effect::Allow => decision = Decision::Allowed,
            }
        }
    }
    decision
}

impl Statement {
    fn speaks_about(&self, action: &str, resource: Option<&[&str; ARN_PARTS]>) -> bool {
        self.actions.iter().any(|pattern| pattern.matches(action))
            && self.resources.iter().any(|pattern| pattern.matches(resource))
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use value::{Value, value};

    use super::*;

    fn policy(text: &str) -> Policy {
        Policy::read(&Value::parse(text.as_bytes()).expect("JSON")).expect("a policy")
    }

    const FIELD: &str = "arn:aws:appsync:eu-west-1:123456789012:apis/club/types/Query/fields/members";

    #[test]
    fn a_deny_wins_and_silence_denies() {
        let allow =
            policy(r#"{"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":"appsync:GraphQL","Resource":"*"}}"#);
        let deny_members = policy(
            r#"{"Version":"2012-10-17","Statement":[{"Effect":"Deny","Action":"appsync:*",
                "Resource":["arn:aws:appsync:*:*:apis/*/types/Query/fields/members"]}]}"#,
        );
        let other = FIELD.replace("members", "posts");
        for (policies, resource, decision) in [
            (vec![], FIELD, Decision::ImplicitlyDenied),
            (vec![&allow], FIELD, Decision::Allowed),
            (vec![&allow, &deny_members], FIELD, Decision::ExplicitlyDenied),
            (vec![&deny_members, &allow], FIELD, Decision::ExplicitlyDenied),
            (vec![&deny_members, &allow], &other, Decision::Allowed),
            (vec![&deny_members], &other, Decision::ImplicitlyDenied),
        ] {
            assert_eq!(decide(policies.clone(), "appsync:GraphQL", resource), decision, "{policies:?} {resource}");
        }
        assert_eq!(decide([&allow], "appsync:EvaluateCode", FIELD), Decision::ImplicitlyDenied);
    }

    #[test]
    fn both_the_action_and_the_resource_of_one_statement_must_match() {
        let policy = policy(
            r#"{"Version":"2012-10-17","Statement":[
                {"Effect":"Allow","Action":["s3:GetObject"],"Resource":"*"},
                {"Effect":"Allow","Action":["appsync:GraphQL"],"Resource":"arn:aws:appsync:eu-west-1:123456789012:apis/other/*"}]}"#,
        );
        assert_eq!(decide([&policy], "appsync:GraphQL", FIELD), Decision::ImplicitlyDenied);
    }

    /// Any JSON that looks like a policy here and there.
    fn documents() -> impl Strategy<Value = Value> {
        let text = prop_oneof![
            Just("Allow".to_owned()),
            Just("Deny".to_owned()),
            Just("*".to_owned()),
            "appsync:[A-Za-z*?]{0,8}",
            "arn:aws:appsync:[a-z*-]{0,4}:[0-9*]{0,3}:apis/[a-z*?/]{0,12}",
            ".{0,6}",
        ];
        let leaf = prop_oneof![text.prop_map(Value::from), any::<bool>().prop_map(Value::from), Just(Value::Null)];
        let names = vec!["Version", "Statement", "Effect", "Action", "Resource", "Condition", "NotAction", "Sid"];
        leaf.prop_recursive(3, 24, 4, move |inner| {
            let members = prop::collection::vec((prop::sample::select(names.clone()), inner.clone()), 0..5);
            prop_oneof![
                prop::collection::vec(inner, 0..3).prop_map(Value::from),
                members.prop_map(|members| Value::from(members.into_iter().collect::<value::Object>())),
            ]
        })
    }

    proptest! {
        #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

        #[test]
        fn any_document_is_a_policy_or_refused_with_reasons(document in documents()) {
            if let Err(faults) = Policy::read(&document) {
                prop_assert!(!faults.is_empty() && faults.iter().all(|fault| !fault.message.is_empty()));
            }
        }

        /// Well-formed policies, which arbitrary documents seldom are.
        #[test]
        fn a_deny_of_everything_wins_over_any_policy(
            effect in prop::sample::select(vec!["Allow", "Deny"]),
            action in "(appsync|s3):[A-Za-z*?]{1,8}",
            resource in "arn:aws:appsync:[a-z*-]{0,4}:[0-9*]{0,3}:apis/[a-z*?/]{0,12}",
        ) {
            let document = value!({"Version": "2012-10-17", "Statement": [{"Effect": effect, "Action": action, "Resource": resource}]});
            let any = Policy::read(&document).expect("a policy");
            let deny = policy(r#"{"Version":"2012-10-17","Statement":{"Effect":"Deny","Action":"*","Resource":"*"}}"#);
            let allow = policy(r#"{"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":"*","Resource":"*"}}"#);
            prop_assert_eq!(decide([&any, &allow, &deny], "appsync:GraphQL", FIELD), Decision::ExplicitlyDenied);
            prop_assert_eq!(decide([&deny, &any], "appsync:GraphQL", FIELD), Decision::ExplicitlyDenied);
            let with_allow = decide([&any, &allow], "appsync:GraphQL", FIELD);
            let alone = decide([&any], "appsync:GraphQL", FIELD);
            prop_assert_eq!(with_allow == Decision::ExplicitlyDenied, alone == Decision::ExplicitlyDenied);
            prop_assert!(with_allow != Decision::ImplicitlyDenied);
            prop_assert!(effect == "Allow" || alone != Decision::Allowed);
        }
    }
}
