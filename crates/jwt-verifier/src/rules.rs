//! What a token must claim to be accepted: issuer, times, client.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use value::Value;

use crate::algorithm::Algorithm;
use crate::error::Error;

/// Decides by the verified claims whether a token is meant for this service.
pub type ClientMatcher = Arc<dyn Fn(&Value) -> bool + Send + Sync>;

/// What is asked of every token of one issuer. `exp` and `iat` are always required, `nbf` is obeyed where it stands.
#[derive(Clone)]
pub struct Rules {
    /// The exact `iss`. `None` leaves the decision to the discovery document's `issuer`, which is compared in any case where there is
    /// one ("must exactly match", OpenID Connect Discovery §4.3).
    pub issuer: Option<String>,
    /// The algorithms that may be used, if the key fits as well.
    pub algorithms: Vec<Algorithm>,
    /// Decides over audience and client; called after the signature was verified. Without it any client of the issuer is accepted.
    pub client: Option<ClientMatcher>,
    /// How long after `iat` a token is accepted at most.
    pub issued_ttl: Option<Duration>,
    /// How long after `auth_time` a token is accepted at most; the claim is required then.
    pub authenticated_ttl: Option<Duration>,
    /// How long a token is accepted beyond its end, for clocks that differ.
    pub expiry_leeway: Duration,
    /// How far `iat`, `nbf` and `auth_time` may lie in the future, for clocks that differ.
    pub clock_skew: Duration,
    /// The longest token that is looked at, in bytes.
    pub max_token_bytes: usize,
}

impl Default for Rules {
    /// All algorithms, any client, no grace after the end, 60 seconds for an issuer's clock that is ahead, 16 KiB.
    fn default() -> Self {
        Self {
            issuer: None,
            algorithms: Algorithm::ALL.to_vec(),
            client: None,
            issued_ttl: None,
            authenticated_ttl: None,
            expiry_leeway: Duration::ZERO,
            clock_skew: Duration::from_secs(60),
            max_token_bytes: 16 * 1024,
        }
    }
}

impl fmt::Debug for Rules {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Rules")
            .field("issuer", &self.issuer)
            .field("algorithms", &self.algorithms)
            .field("client", &self.client.as_ref().map(|_| ".."))
            .field("issued_ttl", &self.issued_ttl)
            .field("authenticated_ttl", &self.authenticated_ttl)
            .field("expiry_leeway", &self.expiry_leeway)
            .field("clock_skew", &self.clock_skew)
            .field("max_token_bytes", &self.max_token_bytes)
            .finish()
    }
}

/// The strings of a claim that is a string or a list of strings, as `aud` is (RFC 7519 §4.1.3).
pub fn claim_strings<'a>(claims: &'a Value, name: &str) -> impl Iterator<Item = &'a str> {
    let claim = claims.get(name);
    let single = claim.and_then(Value::as_str);
    let several = claim.and_then(Value::as_list).unwrap_or_default();
    single.into_iter().chain(several.iter().filter_map(Value::as_str))
}

/// When a token is valid, in Unix milliseconds, and what to say outside of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Validity {
    from: i64,
    early: Error,
    until: i64,
    late: Error,
}

impl Validity {
    pub(crate) fn check(&self, now: i64) -> Result<(), Error> {
        // The end first: a client can do something about it.
        if now >= self.until {
            Err(self.late.clone())
        } else if now < self.from {
            Err(self.early.clone())
        } else {
            Ok(())
        }
    }

    pub(crate) fn until(&self) -> i64 {
        self.until
    }
}

impl Rules {
    /// Compares `iss` with the configured issuer.
    pub(crate) fn check_issuer(&self, claims: &Value) -> Result<(), Error> {
        self.issuer.as_deref().map_or(Ok(()), |issuer| check_issuer(claims, issuer))
    }

    /// The time in which a token with these claims is accepted.
    pub(crate) fn validity(&self, claims: &Value) -> Result<Validity, Error> {
        let time = |name| numeric_date(claims, name);
        let required = |name| time(name)?.ok_or(Error::MissingClaim(name));
        let (expires, issued) = (required("exp")?, required("iat")?);
        let mut validity = Validity { from: issued, early: Error::NotYetValid("iat"), until: expires, late: Error::Expired };
        let mut ends = |until: i64, late| {
            if until < validity.until {
                (validity.until, validity.late) = (until, late);
            }
        };
        if let Some(ttl) = self.issued_ttl {
            ends(issued.saturating_add(millis(ttl)), Error::IssuedTooLongAgo);
        }
        let mut begins = time("nbf")?.map(|time| (time, "nbf"));
        if let Some(ttl) = self.authenticated_ttl {
            let authenticated = required("auth_time")?;
            ends(authenticated.saturating_add(millis(ttl)), Error::AuthenticatedTooLongAgo);
            // A sign-in in the future would prolong its own time.
            if begins.is_none_or(|(time, _)| time < authenticated) {
                begins = Some((authenticated, "auth_time"));
            }
        }
        if let Some((time, name)) = begins.filter(|(time, _)| *time > validity.from) {
            (validity.from, validity.early) = (time, Error::NotYetValid(name));
        }
        validity.from = validity.from.saturating_sub(millis(self.clock_skew));
        validity.until = validity.until.saturating_add(millis(self.expiry_leeway));
        Ok(validity)
    }

    pub(crate) fn check_client(&self, claims: &Value) -> Result<(), Error> {
        match &self.client {
            Some(matches) if !matches(claims) => Err(Error::WrongClient),
            _ => Ok(()),
        }
    }
}

/// Compares `iss`: code point by code point, without any normalization (RFC 7519 §4.1.1, RFC 8725 §3.8).
pub(crate) fn check_issuer(claims: &Value, issuer: &str) -> Result<(), Error> {
    match claims.get("iss") {
        None => Err(Error::MissingClaim("iss")),
        Some(claimed) if claimed.as_str() == Some(issuer) => Ok(()),
        Some(_) => Err(Error::WrongIssuer),
    }
}

/// The end of year 9999 in seconds. What lies beyond, or before 1970, is a mistake or an attack on arithmetic.
const LAST_SECOND: f64 = 253_402_300_799.0;

/// A NumericDate (RFC 7519 §2) in milliseconds: seconds since 1970, possibly with a fraction.
fn numeric_date(claims: &Value, name: &'static str) -> Result<Option<i64>, Error> {
    let Some(claim) = claims.get(name) else { return Ok(None) };
    match claim.as_f64() {
        #[expect(clippy::cast_possible_truncation, reason = "the range is checked, a fraction of a millisecond may go")]
        Some(seconds) if (0.0..=LAST_SECOND).contains(&seconds) => Ok(Some((seconds * 1000.0) as i64)),
        _ => Err(Error::InvalidClaim(name)),
    }
}

fn millis(duration: Duration) -> i64 {
    i64::try_from(duration.as_millis()).unwrap_or(i64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: i64 = 1_000_000_000;

    fn check(rules: &Rules, claims: &str) -> Result<(), Error> {
        let claims = Value::parse(claims.as_bytes()).expect(claims);
        rules.validity(&claims)?.check(NOW)
    }

    /// `NOW` is second 1,000,000.
    #[test]
    fn times_are_checked_to_the_millisecond() {
        let plain = Rules { clock_skew: Duration::ZERO, ..Rules::default() };
        let cases: &[(&str, Result<(), Error>)] = &[
            (r#"{"iat":999999,"exp":1000001}"#, Ok(())),
            (r#"{"iat":1000000,"exp":1000000.001}"#, Ok(())),
            (r#"{"iat":999999.5,"exp":1000000.5,"nbf":1000000.0}"#, Ok(())),
            (r#"{"iat":0,"exp":253402300799}"#, Ok(())),
            (r#"{"iat":999999,"exp":1000000}"#, Err(Error::Expired)),
            (r#"{"iat":1000001,"exp":1000000}"#, Err(Error::Expired)),
            (r#"{"iat":1000000.001,"exp":1000001}"#, Err(Error::NotYetValid("iat"))),
            (r#"{"iat":999999,"exp":1000009,"nbf":1000001}"#, Err(Error::NotYetValid("nbf"))),
            (r#"{"iat":1000003,"exp":1000009,"nbf":1000001}"#, Err(Error::NotYetValid("iat"))),
            (r#"{"iat":999999}"#, Err(Error::MissingClaim("exp"))),
            (r#"{"exp":1000001}"#, Err(Error::MissingClaim("iat"))),
            (r#"{"iat":999999,"exp":"1000001"}"#, Err(Error::InvalidClaim("exp"))),
            (r#"{"iat":999999,"exp":null}"#, Err(Error::InvalidClaim("exp"))),
            (r#"{"iat":999999,"exp":true}"#, Err(Error::InvalidClaim("exp"))),
            (r#"{"iat":999999,"exp":[1000001]}"#, Err(Error::InvalidClaim("exp"))),
            (r#"{"iat":999999,"exp":1e300}"#, Err(Error::InvalidClaim("exp"))),
            (r#"{"iat":999999,"exp":9223372036854775808}"#, Err(Error::InvalidClaim("exp"))),
            (r#"{"iat":999999,"exp":253402300800}"#, Err(Error::InvalidClaim("exp"))),
            (r#"{"iat":-1,"exp":1000001}"#, Err(Error::InvalidClaim("iat"))),
            (r#"{"iat":999999,"exp":1000001,"nbf":"0"}"#, Err(Error::InvalidClaim("nbf"))),
            (r#"{"iat":999999,"exp":1000001,"auth_time":"not asked for"}"#, Ok(())),
        ];
        for (claims, expected) in cases {
            assert_eq!(check(&plain, claims), *expected, "{claims}");
        }
    }

    #[test]
    fn leeway_and_skew_move_the_borders() {
        let rules = Rules { expiry_leeway: Duration::from_secs(10), clock_skew: Duration::from_secs(60), ..Rules::default() };
        let cases: &[(&str, Result<(), Error>)] = &[
            (r#"{"iat":1,"exp":999991}"#, Ok(())),
            (r#"{"iat":1,"exp":999990}"#, Err(Error::Expired)),
            (r#"{"iat":1000060,"exp":1000061}"#, Ok(())),
            (r#"{"iat":1000061,"exp":1000062}"#, Err(Error::NotYetValid("iat"))),
            (r#"{"iat":1,"nbf":1000060,"exp":1000061}"#, Ok(())),
            (r#"{"iat":1,"nbf":1000061,"exp":1000062}"#, Err(Error::NotYetValid("nbf"))),
        ];
        for (claims, expected) in cases {
            assert_eq!(check(&rules, claims), *expected, "{claims}");
        }
    }

    #[test]
    fn ttls_end_a_token_early() {
        let rules = Rules {
            issued_ttl: Some(Duration::from_millis(1500)),
            authenticated_ttl: Some(Duration::from_secs(100)),
            ..Rules::default()
        };
        let cases: &[(&str, Result<(), Error>)] = &[
            (r#"{"iat":999999,"auth_time":999950,"exp":1000009}"#, Ok(())),
            (r#"{"iat":999998,"auth_time":999950,"exp":1000009}"#, Err(Error::IssuedTooLongAgo)),
            (r#"{"iat":999999,"auth_time":999900,"exp":1000009}"#, Err(Error::AuthenticatedTooLongAgo)),
            (r#"{"iat":999998,"auth_time":999950,"exp":999999}"#, Err(Error::Expired)),
            (r#"{"iat":999999,"exp":1000009}"#, Err(Error::MissingClaim("auth_time"))),
            (r#"{"iat":999999,"auth_time":"x","exp":1000009}"#, Err(Error::InvalidClaim("auth_time"))),
            (r#"{"iat":999999,"auth_time":1000061,"exp":1000009}"#, Err(Error::NotYetValid("auth_time"))),
        ];
        for (claims, expected) in cases {
            assert_eq!(check(&rules, claims), *expected, "{claims}");
        }
        let endless = Rules { issued_ttl: Some(Duration::MAX), clock_skew: Duration::MAX, ..Rules::default() };
        assert_eq!(check(&endless, r#"{"iat":2000000,"exp":3000000}"#), Ok(()));
    }

    #[test]
    fn issuers_are_compared_exactly() {
        let rules = Rules { issuer: Some("https://id.example/a".into()), ..Rules::default() };
        let cases = [
            (r#"{"iss":"https://id.example/a"}"#, Ok(())),
            (r#"{"iss":"https:\/\/id.example\/\u0061"}"#, Ok(())),
            (r#"{"iss":"https://id.example/a/"}"#, Err(Error::WrongIssuer)),
            (r#"{"iss":"https://ID.example/a"}"#, Err(Error::WrongIssuer)),
            (r#"{"iss":"https://id.example/а"}"#, Err(Error::WrongIssuer)),
            (r#"{"iss":"https://id.example/a\u200b"}"#, Err(Error::WrongIssuer)),
            (r#"{"iss":["https://id.example/a"]}"#, Err(Error::WrongIssuer)),
            (r#"{"iss":null}"#, Err(Error::WrongIssuer)),
            ("{}", Err(Error::MissingClaim("iss"))),
        ];
        for (claims, expected) in cases {
            assert_eq!(rules.check_issuer(&Value::parse(claims.as_bytes()).expect(claims)), expected, "{claims}");
        }
    }

    #[test]
    fn claim_strings_are_one_or_many() {
        let claims = value::value!({"aud": ["a", 1, ["b"], "c"], "azp": "d", "n": 1});
        let strings = |name| claim_strings(&claims, name).collect::<Vec<_>>();
        assert_eq!(strings("aud"), ["a", "c"]);
        assert_eq!(strings("azp"), ["d"]);
        assert_eq!(strings("n"), [] as [&str; 0]);
        assert_eq!(strings("absent"), [] as [&str; 0]);
    }
}
