//! What the kernel is asked to do for a connection that stays open for long.

use std::io;
use std::os::fd::AsFd;
use std::time::Duration;

use socket2::{SockRef, TcpKeepalive};

/// Options of a TCP socket, set by the host before the upgrade or after it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TcpOptions {
    /// After how much silence a peer that answers nothing counts as gone, whether bytes are on their way to it
    /// (`TCP_USER_TIMEOUT`, on Linux) or not (keep-alive probes). The connection then ends with
    /// [`Closed::Io`](crate::Closed::Io). Without it, a peer that lost its network is held for hours, and for a quarter
    /// of an hour when frames are sent to it.
    pub dead_after: Option<Duration>,
    /// Most bytes that the kernel holds for a peer that does not read (`SO_SNDBUF`; Linux doubles it for its own
    /// bookkeeping). Without it Linux goes up to megabytes. An idle connection takes none of it.
    pub send_buffer_bytes: Option<usize>,
}

impl Default for TcpOptions {
    fn default() -> Self {
        TcpOptions { dead_after: Some(Duration::from_secs(60)), send_buffer_bytes: Some(128 * 1024) }
    }
}

impl TcpOptions {
    /// Sets the options, and `TCP_NODELAY`: a frame must not wait for the acknowledgement of the one before it.
    pub fn apply(&self, socket: &impl AsFd) -> io::Result<()> {
        let socket = SockRef::from(socket);
        socket.set_tcp_nodelay(true)?;
        if let Some(dead_after) = self.dead_after {
            // Three probes within the time: the first after half of it.
            let probe = (dead_after / 4).max(Duration::from_secs(1));
            let keepalive = TcpKeepalive::new().with_time((dead_after / 2).max(Duration::from_secs(1))).with_interval(probe);
            socket.set_tcp_keepalive(&keepalive.with_retries(2))?;
            #[cfg(target_os = "linux")]
            socket.set_tcp_user_timeout(Some(dead_after))?;
        }
        if let Some(bytes) = self.send_buffer_bytes {
            socket.set_send_buffer_size(bytes)?;
        }
        Ok(())
    }
}
