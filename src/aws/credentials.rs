//! AWS's usual credential chain (environment, profiles, web identity, container, instance), asked at the first request that needs
//! it and again before what it gave ends.

use std::error::Error;
use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant, SystemTime};

use arc_swap::ArcSwapOption;
use aws_config::default_provider::credentials::DefaultCredentialsChain;
use aws_credential_types::Credentials;
use aws_credential_types::provider::ProvideCredentials;
use aws_smithy_runtime_api::client::identity::Identity;
use aws_types::region::Region;
use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use tokio::sync::Mutex;
use value::Str;

use super::SendError;

/// How long credentials without an end are taken for good: a profile file may be written anew by another program.
const ASKED_AGAIN: Duration = Duration::from_secs(15 * 60);
/// How long before their end credentials are renewed.
const AHEAD: Duration = Duration::from_secs(60);
/// How long before their end new ones are waited for: a request that is signed now is judged later, by another clock.
const MARGIN: Duration = Duration::from_secs(10);
/// How long the chain may take, as in the SDKs: a machine without a metadata service is noticed late.
const PATIENCE: Duration = Duration::from_secs(5);
/// How long a failure stands: asking the metadata service of a machine that has none takes seconds.
const FAILURE_STANDS: Duration = Duration::from_secs(5);
/// Credentials that a service refused are asked for again, but not more often than this.
const REFUSED_AGAIN: Duration = Duration::from_secs(5);

/// The chain, with what it gave. A clone shares both.
#[derive(Clone, Debug, Default)]
pub(super) struct CredentialChain(Arc<State>);

/// How the chain is asked.
type Ask = fn(Str) -> BoxFuture<'static, Result<Credentials, String>>;

#[derive(Debug)]
struct State {
    ask: Ask,
    kept: ArcSwapOption<Kept>,
    /// Held while the chain is asked, so that it is asked once; the last failure.
    asking: Mutex<Option<(Instant, String)>>,
    /// Whether somebody renews what is still valid.
    renewing: AtomicBool,
}

impl Default for State {
    fn default() -> Self {
        let (kept, asking, renewing) = (ArcSwapOption::empty(), Mutex::default(), AtomicBool::new(false));
        Self { ask: |region| ask(region).boxed(), kept, asking, renewing }
    }
}

/// Credentials of the chain. They have no `Debug` form with secrets: [`Identity`] hides its data.
#[derive(Debug)]
struct Kept {
    identity: Identity,
    asked: Instant,
    /// When they end.
    expiry: Option<SystemTime>,
    /// Whether a service refused them.
    refused: AtomicBool,
}

impl Kept {
    fn is_fresh(&self) -> bool {
        !self.refused.load(Ordering::Relaxed)
            && match self.expiry {
                Some(_) => self.is_valid(AHEAD),
                None => self.asked.elapsed() < ASKED_AGAIN,
            }
    }

    /// Whether they are good for so long.
    fn is_valid(&self, time: Duration) -> bool {
        self.expiry.is_none_or(|expiry| SystemTime::now() + time < expiry)
    }
}

impl CredentialChain {
    /// The credentials to sign with. `region` is where the chain asks for a role when it has to.
    pub(super) async fn identity(&self, region: &Str) -> Result<Identity, SendError> {
        if let Some(kept) = self.0.kept.load().as_ref().filter(|kept| kept.is_fresh()) {
            return Ok(kept.identity.clone());
        }
        let (state, region) = (Arc::clone(&self.0), Str::clone(region));
        let kept = self.0.kept.load();
        if let Some(kept) = kept.as_ref().filter(|kept| kept.is_valid(MARGIN) && !kept.refused.load(Ordering::Relaxed)) {
            // Nobody waits for the new ones as long as the old ones do.
            if !state.renewing.swap(true, Ordering::AcqRel) {
                tokio::spawn(async move {
                    let _ = AssertUnwindSafe(state.renew(&region)).catch_unwind().await;
                    state.renewing.store(false, Ordering::Release);
                });
            }
            return Ok(kept.identity.clone());
        }
        // A task of its own, which `PATIENCE` ends: a request that gives up earlier leaves the answer to the next.
        let asked = tokio::spawn(async move { state.renew(&region).await }).await;
        asked.unwrap_or_else(|_| Err("the chain of credentials failed".to_owned())).map_err(SendError::Credentials)
    }

    /// A service refused the credentials: perhaps they ended early, or a profile has new ones.
    pub(super) fn refused(&self) {
        if let Some(kept) = self.0.kept.load().as_ref().filter(|kept| kept.asked.elapsed() > REFUSED_AGAIN) {
            kept.refused.store(true, Ordering::Relaxed);
        }
    }
}

impl State {
    async fn renew(&self, region: &Str) -> Result<Identity, String> {
        let mut failure = self.asking.lock().await;
        let kept = self.kept.load_full();
        if let Some(kept) = kept.as_ref().filter(|kept| kept.is_fresh()) {
            return Ok(kept.identity.clone());
        }
        if let Some((_, message)) = failure.as_ref().filter(|(at, _)| at.elapsed() < FAILURE_STANDS) {
            return still_valid(kept.as_deref(), message);
        }
        match (self.ask)(Str::clone(region)).await {
            Ok(credentials) => {
                let (expiry, identity) = (credentials.expiry(), Identity::from(credentials));
                let new = Kept { identity: identity.clone(), asked: Instant::now(), expiry, refused: AtomicBool::new(false) };
                self.kept.store(Some(Arc::new(new)));
                *failure = None;
                Ok(identity)
            }
            Err(message) => {
                let answer = still_valid(kept.as_deref(), &message);
                *failure = Some((Instant::now(), message));
                answer
            }
        }
    }
}

/// What cannot be renewed may still be good.
fn still_valid(kept: Option<&Kept>, message: &str) -> Result<Identity, String> {
    let valid = kept.filter(|kept| kept.is_valid(Duration::ZERO)).map(|kept| kept.identity.clone());
    valid.ok_or_else(|| message.to_owned())
}

/// Asks the chain, built anew so that it reads files as they are now.
async fn ask(region: Str) -> Result<Credentials, String> {
    let answer = async {
        let chain = DefaultCredentialsChain::builder().region(Region::new(region.to_string())).build().await;
        chain.provide_credentials().await.map_err(|error| refusal(&told(&error)))
    };
    let late = || Err(refusal(&format!("nobody answered within {} seconds", PATIENCE.as_secs())));
    tokio::time::timeout(PATIENCE, answer).await.unwrap_or_else(|_| late())
}

/// What the chain says, in one line. The SDK keeps secrets out of its errors, but repeats what a `credential_process` wrote to its
/// standard error, which may be anything; a caller of the API could read it here.
fn told(error: &(dyn Error + 'static)) -> String {
    let mut told = Vec::new();
    let mut cause = Some(error);
    while let Some(error) = cause.filter(|_| told.len() < 32) {
        told.push(without_output(&error.to_string()).to_owned());
        cause = error.source();
    }
    told.dedup();
    // The SDK gives each provider a line and begins most with the same words.
    let told = told.join(": ").replace("the credential provider was not enabled: ", "");
    let told: Vec<_> = told.lines().map(str::trim).filter(|line| !line.is_empty()).collect();
    let told = told.join("; ").replace("no credentials found in chain. Attempted:; ", "");
    told.trim_end_matches(['.', ' ']).to_owned()
}

/// The text up to the output of a process.
fn without_output(text: &str) -> &str {
    text.split("Stderr:").next().unwrap_or_default().trim_end()
}

/// Tells the log what was tried, and gives what a caller of the API may read: what files and variables a server has is not his.
fn refusal(told: &str) -> String {
    let way_out = if told.contains("cargo feature") {
        // What signs in (IAM Identity Center, `aws login`) is not built in; the AWS CLI has it.
        "This kind of profile signs in, which the AWS CLI does: eval \"$(aws configure export-credentials --format env)\", or \
         credential_process = aws configure export-credentials --profile NAME in a profile of its own."
    } else {
        "Set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, name a profile in AWS_PROFILE, or give access_key_id and \
         secret_access_key in the data source."
    };
    tracing::warn!("no AWS credentials: {told}. {way_out}");
    "No AWS credentials to sign with; the server's log says what was tried, and the way out.".to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key(name: &str, left: Option<Duration>) -> Credentials {
        Credentials::new(name, "secret", None, left.map(|left| SystemTime::now() + left), "test")
    }

    fn name(identity: &Identity) -> String {
        identity.data::<Credentials>().expect("an access key").access_key_id().to_owned()
    }

    /// A chain that kept a key which ends so soon, and is answered as told when it is asked.
    fn chain(left: Option<Duration>, refused: bool, ask: Ask) -> CredentialChain {
        let kept = Kept {
            identity: Identity::from(key("old", left)),
            asked: Instant::now().checked_sub(ASKED_AGAIN).expect("the machine runs for longer"),
            expiry: left.map(|left| SystemTime::now() + left),
            refused: AtomicBool::new(refused),
        };
        CredentialChain(Arc::new(State { ask, kept: ArcSwapOption::from_pointee(kept), ..State::default() }))
    }

    #[tokio::test]
    async fn nobody_waits_for_new_credentials_while_the_old_ones_are_valid() {
        let region = Str::from("eu-west-1");
        for left in [None, Some(AHEAD / 2)] {
            let chain = chain(left, false, |_| std::future::pending().boxed());
            for _ in 0..3 {
                let identity = chain.identity(&region).now_or_never().expect("at once").expect("the old ones");
                assert_eq!(name(&identity), "old");
            }
        }
        let chain = chain(Some(AHEAD / 2), false, |_| async { Ok(key("new", None)) }.boxed());
        let used = async {
            while name(&chain.identity(&region).await.expect("a key")) != "new" {
                tokio::task::yield_now().await;
            }
        };
        tokio::time::timeout(Duration::from_secs(60), used).await.expect("the new ones are used when they are there");
    }

    #[tokio::test]
    async fn credentials_that_end_or_were_refused_are_waited_for() {
        for (left, refused) in [(Some(Duration::ZERO), false), (Some(MARGIN / 2), false), (Some(AHEAD), true), (None, true)] {
            let chain = chain(left, refused, |_| async { Ok(key("new", None)) }.boxed());
            assert_eq!(name(&chain.identity(&"eu-west-1".into()).await.expect("a key")), "new", "{left:?} {refused}");
        }
    }

    #[test]
    fn the_output_of_a_process_is_not_told() {
        for (error, expected) in [
            (
                "external process exited with code exit status: 3. Stderr: token=hush\nmore",
                "external process exited with code exit status: 3",
            ),
            ("no providers in chain provided credentials", "no providers in chain provided credentials"),
        ] {
            assert_eq!(told(&std::io::Error::other(error)), expected);
        }
    }
}
