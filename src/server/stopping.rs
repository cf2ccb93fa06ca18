//! The signal that the server stops, as connections see it.

use tokio::sync::watch;

/// Gives the signal; dropped without, it counts as given.
pub(super) struct Stop(watch::Sender<bool>);

/// Waits for the signal. Any number of clones may, early or late.
#[derive(Clone, Debug)]
pub(crate) struct Stopping(watch::Receiver<bool>);

/// Both ends.
pub(super) fn channel() -> (Stop, Stopping) {
    let (sender, receiver) = watch::channel(false);
    (Stop(sender), Stopping(receiver))
}

impl Stop {
    pub(super) fn send(&self) {
        self.0.send_replace(true);
    }
}

impl Stopping {
    /// Is done when the server stops, at once if it does already.
    pub(crate) async fn wait(&mut self) {
        let _ = self.0.wait_for(|stopped| *stopped).await;
    }
}
