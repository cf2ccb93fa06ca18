//! From the bytes on the wire to the bytes of a request: within size and time, decompressed when they were sent so.

use std::io::Read;
use std::time::Duration;

use bytes::{Bytes, BytesMut};
use flate2::read::MultiGzDecoder;
use http::HeaderMap;
use http::header::CONTENT_ENCODING;
use http_body_util::BodyExt;
use hyper::body::{Body, Incoming};
use tokio::time::Instant;

use super::places::{Loan, Place, Places, deadline, rate};
use crate::server::body::discard_up_to;

/// What the largest of the services takes in one request. It does not bound what a compressed body holds; we do.
pub(in crate::server) const LIMIT: usize = 16 * 1024 * 1024;

/// How much of a body that is too large is read on, so that its sender sees the answer.
const LONGEST_DISCARDED: u64 = 4 * LIMIT as u64;

/// Bodies up to this size need no place among the large ones.
const SMALL: usize = 1024 * 1024;

/// Work of this size leaves the threads that serve connections.
pub(in crate::server) const BLOCKING_FROM: usize = 256 * 1024;

/// Why there is no body.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::server) enum Fault {
    /// More bytes than the service takes, as sent or decompressed.
    TooLarge,
    /// The client stopped, or took too long.
    Incomplete,
    /// No place among the large ones became free in time, or it was lost to a faster body.
    Busy,
    /// Not what `content-encoding` says.
    Encoding(String),
}

/// A body with its place among the large ones, if it needs one.
pub(in crate::server) struct Received {
    pub(in crate::server) bytes: Bytes,
    pub(in crate::server) place: Option<Place>,
}

/// Does work of about `size` bytes, and away from the threads that serve connections if that is much; `None` if it panicked.
pub(in crate::server) async fn work<T: Send + 'static>(size: usize, work: impl FnOnce() -> T + Send + 'static) -> Option<T> {
    if size < BLOCKING_FROM { Some(work()) } else { tokio::task::spawn_blocking(work).await.ok() }
}

/// Reads a body of at most `limit` bytes as it was sent.
pub(in crate::server) async fn read(
    headers: &HeaderMap,
    mut body: Incoming,
    limit: usize,
    places: &Places,
    time: Duration,
) -> Result<Received, Fault> {
    let received = if body.size_hint().lower() > limit as u64 {
        Err(Fault::TooLarge)
    } else {
        collect(&mut body, limit, places, time).await
    };
    // It is still being sent.
    if let Err(Fault::TooLarge | Fault::Busy) = received {
        discard_up_to(LONGEST_DISCARDED, headers, body).await;
    }
    received
}

/// Takes a place only for what has arrived: who announces a large body, and sends none, has none.
async fn collect(body: &mut Incoming, limit: usize, places: &Places, time: Duration) -> Result<Received, Fault> {
    let started = Instant::now();
    let mut deadline = deadline(time);
    let mut whole = Bytes::new();
    let mut parts = BytesMut::new();
    let mut loan: Option<Loan<'_>> = None;
    loop {
        let lost = async {
            match &loan {
                Some(loan) => loan.lost().await,
                None => std::future::pending().await,
            }
        };
        let frame = tokio::select! {
            frame = tokio::time::timeout_at(deadline, body.frame()) => frame.map_err(|_| Fault::Incomplete)?,
            () = lost => return Err(Fault::Busy),
        };
        let Some(frame) = frame else { break };
        let Ok(data) = frame.map_err(|_| Fault::Incomplete)?.into_data() else { continue };
        let added = data.len();
        let size = whole.len() + parts.len() + added;
        if size > limit {
            return Err(Fault::TooLarge);
        }
        // Most bodies are one frame, which is passed on without a copy.
        if whole.is_empty() && parts.is_empty() {
            whole = data;
        } else {
            parts.extend_from_slice(&std::mem::take(&mut whole));
            parts.extend_from_slice(&data);
        }
        if let Some(loan) = &loan {
            loan.add(added as u64);
        } else if size > SMALL {
            let asked = Instant::now();
            loan = Some(places.lend(rate(size as u64, started.elapsed()), time).await.ok_or(Fault::Busy)?);
            deadline += asked.elapsed();
        }
    }
    let place = loan.map(|loan| loan.keep().ok_or(Fault::Busy)).transpose()?;
    Ok(Received { bytes: if parts.is_empty() { whole } else { parts.freeze() }, place })
}

/// The content of a body. What a compressed one holds may need a place of its own, which `place` then gets.
pub(in crate::server) async fn decode(
    headers: &HeaderMap,
    body: Bytes,
    place: &mut Option<Place>,
    places: &Places,
    time: Duration,
) -> Result<Bytes, Fault> {
    let Some(encoding) = headers.get(CONTENT_ENCODING) else { return Ok(body) };
    let encoding = String::from_utf8_lossy(encoding.as_bytes()).into_owned();
    match encoding.to_ascii_lowercase().as_str() {
        "" | "identity" => Ok(body),
        "gzip" => {
            // The size that gzip states is its sender's word, and that of its last member only: small is what proves to be.
            if place.is_none() {
                match unpack(Bytes::clone(&body), SMALL).await {
                    Err(Fault::TooLarge) => *place = Some(places.take(time).await.ok_or(Fault::Busy)?),
                    unpacked => return unpacked,
                }
            }
            unpack(body, LIMIT).await
        }
        _ => Err(Fault::Encoding(format!("Content-Encoding '{encoding}' is not supported: send gzip, or nothing"))),
    }
}

/// Few bytes can hold many, so this is never done on a thread that serves connections.
async fn unpack(body: Bytes, limit: usize) -> Result<Bytes, Fault> {
    let unpacking = tokio::task::spawn_blocking(move || gunzip(&body, limit));
    unpacking.await.unwrap_or_else(|_| Err(Fault::Encoding("the body could not be decompressed".into())))
}

/// What members of gzip hold together.
fn gunzip(bytes: &[u8], limit: usize) -> Result<Bytes, Fault> {
    let mut content = Vec::with_capacity((bytes.len() * 4).min(limit));
    let read = MultiGzDecoder::new(bytes).take(limit as u64 + 1).read_to_end(&mut content);
    match read {
        Ok(_) if content.len() > limit => Err(Fault::TooLarge),
        Ok(_) if bytes.is_empty() => Err(Fault::Encoding("the body is empty, not gzip".into())),
        Ok(_) => Ok(content.into()),
        Err(error) => Err(Fault::Encoding(format!("the body is not gzip: {error}"))),
    }
}

/// What work gives, and whether it was done without another thread: there is none to have until its turn is over.
#[cfg(test)]
pub(in crate::server) fn run<T>(work: impl Future<Output = T>) -> (T, bool) {
    use futures_util::FutureExt;

    let runtime = tokio::runtime::Builder::new_current_thread().max_blocking_threads(1).build().expect("a runtime");
    let (free, freed) = std::sync::mpsc::channel::<()>();
    runtime.spawn_blocking(move || freed.recv().is_err());
    runtime.block_on(async {
        let mut work = std::pin::pin!(work);
        if let Some(done) = work.as_mut().now_or_never() {
            return (done, true);
        }
        drop(free);
        (work.await, false)
    })
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use super::*;

    fn gzip(content: &[u8]) -> Vec<u8> {
        let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
        encoder.write_all(content).expect("memory");
        encoder.finish().expect("memory")
    }

    #[test]
    fn gzip_is_read_whole_or_refused() {
        let whole = gzip(b"{\"a\":1}");
        let two = [gzip(b"{\"a\""), gzip(b":1}")].concat();
        assert_eq!(gunzip(&whole, 7).as_deref(), Ok(&b"{\"a\":1}"[..]));
        assert_eq!(gunzip(&two, 7).as_deref(), Ok(&b"{\"a\":1}"[..]));
        assert_eq!(gunzip(&whole, 6), Err(Fault::TooLarge));
        assert_eq!(gunzip(&gzip(&vec![b' '; 1 << 24]), 1 << 20), Err(Fault::TooLarge));
        let junk = [whole.clone(), b"junk".to_vec()].concat();
        for broken in [&whole[..whole.len() - 1], &junk, b"{\"a\":1}", b""] {
            assert!(matches!(gunzip(broken, 100), Err(Fault::Encoding(_))), "{broken:?}");
        }
    }
}
