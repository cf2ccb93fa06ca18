//! `syncgate subscribe`: a subscription at the running server, as somebody whom the definition knows. [`super::client`] reads the words
//! of the command line and finds the credentials, [`socket`] speaks AppSync's WebSocket protocol; this file prints what comes, and
//! decides what happens when nothing comes any more.

mod socket;

use std::io::{ErrorKind, Write};
use std::process::ExitCode;
use std::time::{Duration, Instant};

use clap::Args;
use tokio::signal::unix::{SignalKind, signal};

use self::socket::{Event, Failure, Subscription};
use super::client::{AskArguments, Asking, ERRORS, REFUSED, own_machine, who_asks};
use super::{error, print_error};

/// How much longer than the server's own `request_timeout` a start is waited for, so that its answer says what happened.
const GRACE: Duration = Duration::from_secs(5);

/// How long a server that went away is looked for, and how long the pauses grow: a restart takes a moment, a crash may need a look.
const PATIENCE: Duration = Duration::from_secs(60);
const LONGEST_PAUSE: Duration = Duration::from_secs(2);

pub(super) const HELP: &str = concat!(
    who_asks!(),
    "
Each answer is printed as one line of JSON when it comes, until Ctrl-C or the last one of --count. \"Subscribed …\" on standard
error says that from now on none is missed. When the server goes away the command says so and looks for it for a minute; what
happens meanwhile is not heard.

The exit code is 0; 1 if the subscription has errors, or was ended by the server; 2 if it was refused or there is no server,
with the reason on standard error.

",
    own_machine!(),
    "
  syncgate subscribe 'subscription { onPost { id title } }'
  syncgate subscribe 'subscription On($boat: String) { onOuting(boat: $boat) { day } }' --variables '{\"boat\": \"Heron\"}'
  syncgate subscribe @queries/on-post.graphql --as user:ann --count 1 | jq .data"
);

/// What `syncgate subscribe` is asked.
#[derive(Clone, Debug, Args)]
pub(super) struct SubscribeArguments {
    #[command(flatten)]
    ask: AskArguments,
    /// End after so many answers.
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u64).range(1..))]
    count: Option<u64>,
}

pub(super) fn run(arguments: &SubscribeArguments) -> ExitCode {
    match attempt(arguments) {
        Ok(code) => code,
        Err(message) => {
            print_error(&message);
            ExitCode::from(REFUSED)
        }
    }
}

fn attempt(arguments: &SubscribeArguments) -> Result<ExitCode, String> {
    let asking = arguments.ask.read("subscribe")?;
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    let failed = |problem: std::io::Error| error(format!("cannot start the runtime: {problem}"), "");
    let runtime = runtime.map_err(failed)?;
    runtime.block_on(async {
        let mut interrupt = signal(SignalKind::interrupt()).map_err(failed)?;
        let mut terminate = signal(SignalKind::terminate()).map_err(failed)?;
        let mut live = None;
        tokio::select! {
            ended = watch(&asking, arguments.count, &mut live) => return ended,
            _ = interrupt.recv() => {}
            _ = terminate.recv() => {}
        }
        if let Some(subscription) = live {
            subscription.stop().await;
        }
        Ok(ExitCode::SUCCESS)
    })
}

/// Prints answers until there are enough, or no more. `live` is the subscription meanwhile.
async fn watch(asking: &Asking, count: Option<u64>, live: &mut Option<Subscription>) -> Result<ExitCode, String> {
    let mut left = count;
    let mut subscription = match start(asking, "Subscribed").await {
        Ok(started) => live.insert(started),
        Err(failure) => return told(failure),
    };
    loop {
        let lost = match subscription.next().await {
            Event::Answer(answer) => {
                let is_heard = put(&answer)?;
                left = left.map(|left| left.saturating_sub(1));
                if is_heard && left != Some(0) {
                    continue;
                }
                if let Some(subscription) = live.take() {
                    subscription.stop().await;
                }
                return Ok(ExitCode::SUCCESS);
            }
            Event::Ended(payload) => {
                if let Some(payload) = payload {
                    put(&payload)?;
                }
                print_error(&error("the server ended the subscription", ""));
                return Ok(ExitCode::from(ERRORS));
            }
            Event::Lost(reason) => reason,
        };
        *live = None;
        let seconds = PATIENCE.as_secs();
        print_error(&format!(
            "Lost: {lost}. Looking for the server for {seconds} seconds; what happens meanwhile is not heard.\n"
        ));
        subscription = match again(asking).await {
            Ok(started) => live.insert(started),
            Err(failure) => return told(failure),
        };
    }
}

/// Subscribes, and says so.
async fn start(asking: &Asking, word: &str) -> Result<Subscription, Failure> {
    let credentials = asking.credentials().map_err(Failure::Refused)?;
    let deadline = Instant::now() + asking.definition.server.request_timeout + GRACE;
    let subscription = Subscription::start(asking, &credentials, deadline).await?;
    print_error(&format!("{word} at {} as {}. Ctrl-C ends.\n", asking.url, credentials.who()));
    Ok(subscription)
}

/// Subscribes at a server that went away, with new credentials: a token may have come to its end.
async fn again(asking: &Asking) -> Result<Subscription, Failure> {
    let deadline = Instant::now() + PATIENCE;
    let mut pause = Duration::from_millis(100);
    loop {
        tokio::time::sleep(pause).await;
        match start(asking, "Subscribed again").await {
            Err(Failure::Unreachable(_)) if Instant::now() < deadline => pause = (pause * 2).min(LONGEST_PAUSE),
            ended => return ended,
        }
    }
}

/// How a start that failed ends the command.
fn told(failure: Failure) -> Result<ExitCode, String> {
    match failure {
        Failure::Errors(payload) => {
            put(&payload)?;
            Ok(ExitCode::from(ERRORS))
        }
        Failure::Refused(message) | Failure::Unreachable(message) => Err(message),
    }
}

/// Prints a line; `false` when nobody reads it any more (`syncgate subscribe … | head -1`).
fn put(line: &str) -> Result<bool, String> {
    let mut out = std::io::stdout().lock();
    match writeln!(out, "{line}").and_then(|()| out.flush()) {
        Ok(()) => Ok(true),
        Err(problem) if problem.kind() == ErrorKind::BrokenPipe => Ok(false),
        Err(problem) => Err(error(format!("cannot print: {problem}"), "")),
    }
}
