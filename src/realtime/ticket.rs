//! What an MQTT connection may do, in its URL: sealed, so that any node with the same secret lets it in and nobody else can make
//! one. The handshake over HTTP has judged the caller and run the subscription's resolver; a ticket carries what came of it.

use std::sync::Arc;
use std::time::{Duration, SystemTime};

use value::{Object, Str, Value};

use crate::api::{GraphqlRequest, Subscription};
use crate::auth::sigv4::{hex, sha256_hex};
use crate::auth::{Authenticator, Identity, LambdaIdentity};
use crate::definition::AuthenticationType;
use crate::kept;
use crate::sealing::Sealer;

/// What keys are derived for.
pub const PURPOSE: &str = "mqtt connection";

/// The right to hear one subscription over MQTT.
#[derive(Clone, Debug)]
pub struct Ticket {
    /// The client id that must be used.
    pub client_id: Str,
    /// The topic that may be subscribed.
    pub topic: Str,
    /// Until when.
    pub expires: SystemTime,
    /// What was asked for.
    pub request: GraphqlRequest,
    /// From `extensions.setSubscriptionFilter`.
    pub filter: Option<Value>,
    /// From `extensions.setSubscriptionInvalidationFilter`.
    pub invalidation_filter: Option<Value>,
    /// By whom, as far as authorization needs it.
    pub identity: Identity,
}

impl Ticket {
    /// A ticket for a subscription that was let in just now.
    ///
    /// # Errors
    /// When the system gives no random numbers.
    pub fn new(
        (account_id, api_id): (&str, &str),
        request: GraphqlRequest,
        subscription: &Subscription,
        identity: &Identity,
        expires: SystemTime,
    ) -> std::io::Result<Self> {
        let request = subscription.shape.essence(request);
        Ok(Self {
            client_id: hex::encode(&kept::random::<13>()?).into(),
            topic: topic(account_id, api_id, &subscription.field, &request).into(),
            expires,
            request,
            filter: subscription.filter.clone(),
            invalidation_filter: subscription.invalidation_filter.clone(),
            identity: reduced(identity),
        })
    }

    /// The ticket as a text for a URL, which counts for this API only.
    #[must_use]
    pub fn seal(&self, sealer: &Sealer, api_id: &str) -> String {
        let mut plain = Object::with_capacity(9);
        plain.insert("client", &self.client_id);
        plain.insert("topic", &self.topic);
        let expires = self.expires.duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
        plain.insert("expires", i64::try_from(expires.as_secs()).unwrap_or(i64::MAX));
        plain.insert("query", &self.request.query);
        plain.insert("operation", self.request.operation_name.as_ref());
        plain.insert("variables", self.request.variables.clone());
        plain.insert("filter", self.filter.clone().unwrap_or_default());
        plain.insert("invalidation", self.invalidation_filter.clone().unwrap_or_default());
        plain.insert("identity", written(&self.identity));
        sealer.seal(api_id.as_bytes(), Value::from(plain).to_json().as_bytes())
    }

    /// What was sealed for this API; `None` for anything else, and when its time is over or its owner would not be let in now.
    #[must_use]
    pub fn open(sealer: &Sealer, api_id: &str, text: &str, authenticator: &Authenticator) -> Option<Self> {
        let ticket = Self::unseal(sealer, api_id, text, authenticator)?;
        Some(Self { identity: authenticator.readmit(&ticket.identity)?, ..ticket })
    }

    fn unseal(sealer: &Sealer, api_id: &str, text: &str, authenticator: &Authenticator) -> Option<Self> {
        let plain = Value::parse(&sealer.open(api_id.as_bytes(), text)?).ok()?;
        let text = |key| plain.get(key).and_then(Value::as_str).map(Str::from);
        let some = |key| plain.get(key).filter(|value| !value.is_null()).cloned();
        let expires = u64::try_from(plain.get("expires")?.as_i64()?).ok()?;
        let expires = SystemTime::UNIX_EPOCH.checked_add(Duration::from_secs(expires))?;
        if expires <= SystemTime::now() {
            return None;
        }
        Some(Self {
            client_id: text("client")?,
            topic: text("topic")?,
            expires,
            request: GraphqlRequest {
                query: text("query")?,
                operation_name: text("operation"),
                variables: plain.get("variables")?.as_object()?.clone(),
            },
            filter: some("filter"),
            invalidation_filter: some("invalidation"),
            identity: read(plain.get("identity")?, authenticator)?,
        })
    }
}

/// `ACCOUNT/API/FIELD/HASH`. The same document with the same variables has the same topic. A client that has a topic already takes
/// another subscription to it for the same, and opens no connection for it, so what selects differently must not share one, although
/// AppSync's topic told apart arguments alone.
fn topic(account_id: &str, api_id: &str, field: &str, request: &GraphqlRequest) -> String {
    let mut variables: Vec<(&Str, &Value)> = request.variables.iter().collect();
    variables.sort_unstable_by_key(|(name, _)| Arc::clone(name));
    let variables: Object = variables.into_iter().map(|(name, value)| (Str::clone(name), value.clone())).collect();
    let asked = vec![Value::from(&request.query), Value::from(request.operation_name.as_ref()), variables.into()];
    let hash = sha256_hex(Value::from(asked).to_json().as_bytes());
    format!("{account_id}/{api_id}/{field}/{hash}")
}

/// What of an identity decides who may read what: resolvers do not run again.
fn reduced(identity: &Identity) -> Identity {
    let named = |authentication_type, context| Identity::Named { authentication_type, context };
    match identity {
        Identity::ApiKey => named(AuthenticationType::ApiKey, Value::Null),
        Identity::Oidc(_) => named(AuthenticationType::OpenIdConnect, Value::Null),
        Identity::UserPool(user) => {
            let groups: Vec<Value> = user.groups.iter().flatten().map(Value::from).collect();
            let mut context = Object::with_capacity(1);
            context.insert("groups", groups);
            named(AuthenticationType::AmazonCognitoUserPools, context.into())
        }
        Identity::Lambda(answer) => {
            let denied = answer.denied_fields().to_vec();
            Identity::Lambda(Arc::new(LambdaIdentity::new(Value::Null, denied)))
        }
        Identity::Iam(_) | Identity::Named { .. } => identity.clone(),
    }
}

fn written(identity: &Identity) -> Value {
    let mut object = Object::with_capacity(2);
    match identity {
        Identity::Named { authentication_type, context } => {
            object.insert("mode", authentication_type.name());
            object.insert("context", context.clone());
        }
        Identity::Iam(principal) => {
            object.insert("accessKey", &principal.access_key_id);
        }
        Identity::Lambda(answer) => {
            let pair = |(of, field): &(Str, Str)| Value::from(vec![Value::from(of), Value::from(field)]);
            object.insert("denied", answer.denied_fields().iter().map(pair).collect::<Vec<_>>());
        }
        // Reduced before.
        Identity::ApiKey | Identity::Oidc(_) | Identity::UserPool(_) => {}
    }
    object.into()
}

fn read(written: &Value, authenticator: &Authenticator) -> Option<Identity> {
    if let Some(mode) = written.get("mode") {
        let authentication_type = AuthenticationType::by_name(mode.as_str()?)?;
        return Some(Identity::Named { authentication_type, context: written.get("context")?.clone() });
    }
    if let Some(access_key) = written.get("accessKey") {
        return authenticator.principal(access_key.as_str()?).map(Identity::Iam);
    }
    let denied = written.get("denied")?.as_list()?.iter().map(|pair| match pair.as_list()? {
        [of, field] => Some((of.as_str()?.into(), field.as_str()?.into())),
        _ => None,
    });
    Some(Identity::Lambda(Arc::new(LambdaIdentity::new(Value::Null, denied.collect::<Option<Vec<_>>>()?))))
}

#[cfg(test)]
mod tests {
    use value::value;

    use super::*;
    use crate::auth::{ApiKeys, CognitoIdentity, IamAuthenticator, Principal, TokenIdentity, UserPoolIdentity};

    const SECRET: &[u8] = b"0123456789abcdef0123456789abcdef";

    fn principal() -> Arc<Principal> {
        Arc::new(Principal {
            name: "someone".into(),
            access_key_id: "AKIDEXAMPLE".into(),
            secret_access_key: "secret".into(),
            session_token: None,
            policies: Vec::new(),
            account_id: "1".into(),
            user_arn: "arn".into(),
            username: "someone".into(),
            cognito: CognitoIdentity::default(),
        })
    }

    fn token(claims: Value) -> TokenIdentity {
        TokenIdentity { sub: Some("ada".into()), issuer: "https://issuer".into(), claims }
    }

    fn ticket(identity: &Identity, expires: SystemTime) -> Ticket {
        let request = GraphqlRequest {
            query: "subscription($r: ID) { onX(room: $r) { id } }".into(),
            operation_name: None,
            variables: value!({"r": "a", "n": 1234567890123i64}).as_object().cloned().expect("an object"),
        };
        let filter = Some(value!({"filterGroup": [{"filters": [{"fieldName": "id", "operator": "eq", "value": "1"}]}]}));
        let (client_id, topic) = ("c0ffee".into(), "1/api/onX/".into());
        Ticket { client_id, topic, expires, request, filter, invalidation_filter: None, identity: reduced(identity) }
    }

    fn later() -> SystemTime {
        SystemTime::now() + Duration::from_secs(3600)
    }

    #[test]
    fn a_ticket_is_opened_as_it_was_sealed() {
        let user = UserPoolIdentity {
            token: token(value!({"sub": "ada", "email": "ada@example.com"})),
            username: Some("ada".into()),
            groups: Some(vec!["board".into()]),
            default_auth_strategy: "ALLOW",
        };
        let denied = vec![("Query".into(), "balance".into())];
        let lambda = LambdaIdentity::new(value!({"tenant": "x"}), denied);
        let authenticator = Authenticator::new().iam(IamAuthenticator::new([Principal::clone(&principal())], None));
        for identity in [
            Identity::ApiKey,
            Identity::Iam(principal()),
            Identity::Oidc(Arc::new(token(value!({"sub": "ada"})))),
            Identity::UserPool(Arc::new(user)),
            Identity::Lambda(Arc::new(lambda)),
        ] {
            let ticket = ticket(&identity, later());
            // The second node has the same secret and nothing else.
            let text = ticket.seal(&Sealer::derive(SECRET, PURPOSE), "api");
            let opened = Ticket::unseal(&Sealer::derive(SECRET, PURPOSE), "api", &text, &authenticator).expect("a ticket");
            assert_eq!((&opened.client_id, &opened.topic), (&ticket.client_id, &ticket.topic));
            assert_eq!(opened.request.query, ticket.request.query);
            assert_eq!(opened.request.variables, ticket.request.variables);
            assert_eq!((opened.filter, opened.invalidation_filter), (ticket.filter.clone(), None));
            assert_eq!(written(&opened.identity), written(&ticket.identity));
            let shown = written(&opened.identity).to_json();
            assert!(
                !shown.contains("ada@example.com") && !shown.contains("tenant"),
                "what no decision needs stays here: {shown}"
            );
        }
    }

    #[test]
    fn nothing_else_is_a_ticket() {
        let sealer = Sealer::derive(SECRET, PURPOSE);
        let nobody = Authenticator::new().api_keys(ApiKeys::default());
        let good = ticket(&Identity::ApiKey, later()).seal(&sealer, "api");
        assert!(Ticket::open(&sealer, "api", &good, &nobody).is_some());
        let tampered = format!("{}A{}", &good[..20], &good[21..]);
        let expired = ticket(&Identity::ApiKey, SystemTime::now() - Duration::from_secs(1)).seal(&sealer, "api");
        let lambda = Identity::Lambda(Arc::new(LambdaIdentity::new(Value::Null, Vec::new())));
        let of_a_mode = ticket(&lambda, later()).seal(&sealer, "api");
        let unknown = ticket(&Identity::Iam(principal()), later()).seal(&sealer, "api");
        let foreign =
            ticket(&Identity::ApiKey, later()).seal(&Sealer::derive(b"another secret of 32 characters.", PURPOSE), "api");
        let page = Sealer::derive(SECRET, "dynamodb nextToken").seal(b"api", b"{}");
        for (why, api_id, text) in [
            ("of another API", "other", good.as_str()),
            ("tampered with", "api", &tampered),
            ("cut", "api", &good[..good.len() - 1]),
            ("expired", "api", &expired),
            ("of somebody who is gone", "api", &unknown),
            ("of a mode that is gone", "api", &of_a_mode),
            ("of another secret", "api", &foreign),
            ("sealed for something else", "api", &page),
            ("empty", "api", ""),
        ] {
            assert!(Ticket::open(&sealer, api_id, text, &nobody).is_none(), "{why}");
        }
    }
}
