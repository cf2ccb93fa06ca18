//! A connection whose acknowledgements can wait for the next event.
//!
//! A bootstrap of ours reports a result and asks for the next event in one write. Sending "accepted" at once would cost a packet, a
//! system call and a turn of the handler's event loop, all for a line that nobody acts on. So while held, what is written stays
//! here, and leaves together with the event. Only who said that its next question follows is answered so.

use std::io::{self, IoSlice};
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Poll, ready};

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;

/// Whether writes are held.
#[derive(Clone, Debug, Default)]
pub(crate) struct Hold(Arc<AtomicBool>);

impl Hold {
    pub(crate) fn set(&self, hold: bool) {
        self.0.store(hold, Ordering::Release);
    }

    fn is_set(&self) -> bool {
        self.0.load(Ordering::Acquire)
    }
}

/// A stream that keeps writes back while its [`Hold`] is set.
#[derive(Debug)]
pub(crate) struct HeldStream {
    stream: TcpStream,
    hold: Hold,
    held: Vec<u8>,
}

impl HeldStream {
    pub(crate) fn new(stream: TcpStream, hold: Hold) -> Self {
        Self { stream, hold, held: Vec::new() }
    }

    /// Writes what was held, then the buffers; tells how much of the buffers went out.
    fn poll_release(&mut self, context: &mut Context<'_>, buffers: &[IoSlice<'_>]) -> Poll<io::Result<usize>> {
        loop {
            let held = self.held.len();
            let written = if held == 0 {
                return Pin::new(&mut self.stream).poll_write_vectored(context, buffers);
            } else {
                let mut slices = Vec::with_capacity(buffers.len() + 1);
                slices.push(IoSlice::new(&self.held));
                slices.extend(buffers.iter().map(|buffer| IoSlice::new(buffer)));
                ready!(Pin::new(&mut self.stream).poll_write_vectored(context, &slices))?
            };
            if written == 0 {
                return Poll::Ready(Err(io::ErrorKind::WriteZero.into()));
            }
            self.held.drain(..written.min(held));
            if written > held || (self.held.is_empty() && buffers.iter().all(|buffer| buffer.is_empty())) {
                return Poll::Ready(Ok(written - held));
            }
        }
    }
}

impl AsyncRead for HeldStream {
    fn poll_read(mut self: Pin<&mut Self>, context: &mut Context<'_>, buffer: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_read(context, buffer)
    }
}

impl AsyncWrite for HeldStream {
    fn poll_write(self: Pin<&mut Self>, context: &mut Context<'_>, buffer: &[u8]) -> Poll<io::Result<usize>> {
        self.poll_write_vectored(context, &[IoSlice::new(buffer)])
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffers: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        if !self.hold.is_set() {
            return self.poll_release(context, buffers);
        }
        for buffer in buffers {
            self.held.extend_from_slice(buffer);
        }
        Poll::Ready(Ok(buffers.iter().map(|buffer| buffer.len()).sum()))
    }

    fn is_write_vectored(&self) -> bool {
        true
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        if !self.hold.is_set() && !self.held.is_empty() {
            ready!(self.poll_release(context, &[]))?;
        }
        Pin::new(&mut self.stream).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        if !self.held.is_empty() {
            ready!(self.poll_release(context, &[]))?;
        }
        Pin::new(&mut self.stream).poll_shutdown(context)
    }
}
