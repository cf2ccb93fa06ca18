//! What a delivery costs beside a bare loop of writes, and what an idle connection holds.
//!
//! `cargo bench -p websocket-server` prints both. The peers live in a process of their own, so that the processor time
//! of this process is the server's alone. A round sends one frame to each of 1,000 sockets and ends when all have
//! arrived; rounds of the bare loop (one encoded frame, `try_write` on each socket) and of this crate alternate.
//! The memory of idle connections is that of 20,000, or of as many as the limit of open files allows.

#![expect(clippy::print_stdout, reason = "a benchmark prints its figures")]

use std::io::{self, Read, Write};
use std::net::{SocketAddr, TcpListener as StdListener, TcpStream as StdStream};
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use rustix::time::{ClockId, clock_gettime};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::tcp::OwnedWriteHalf;
use tokio::net::{TcpListener, TcpStream};
use tokio::runtime::{Builder, Runtime};
use websocket_server::{Limits, Sender};

/// The beginning and the end of a frame that carries a subscription's event.
const PREFIX: &[u8] = br#"{"id":"0b7a4f0e-5a3c-4a5e-9d6c-2f1f6f1f4c11","type":"data","payload":"#;
const SUFFIX: &[u8] = b"}";

fn main() -> io::Result<()> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let words: Vec<&str> = arguments.iter().map(String::as_str).collect();
    match words[..] {
        ["peers", address, sockets, bytes] => peers(parsed(address), parsed(sockets), parsed(bytes)),
        ["idle", kind, sockets] => idle(kind, parsed(sockets)),
        ["fan-out", sockets, rounds, payload] => fan_out(parsed(sockets), parsed(rounds), parsed(payload)),
        // `cargo test --benches` wants to see that it works.
        [] => fan_out(20, 5, 200),
        _ => {
            println!(
                "{:>8} {:>8} {:>12} {:>12} {:>7}   processor time per delivery",
                "payload", "sockets", "bare ns", "ours ns", "ratio"
            );
            for (rounds, payload) in [(400, 200), (300, 4_000), (200, 12_000), (100, 60_000), (30, 240_000)] {
                fan_out(1_000, rounds, payload)?;
            }
            let sockets = idle_sockets().to_string();
            for kind in ["bare", "ours"] {
                let status = Command::new(std::env::current_exe()?).args(["idle", kind, &sockets]).status()?;
                assert!(status.success(), "{status}");
            }
            Ok(())
        }
    }
}

fn parsed<T: std::str::FromStr>(word: &str) -> T {
    word.parse().unwrap_or_else(|_| panic!("`{word}` is not what this argument is"))
}

/// The peers: they connect, read, and say on a connection of its own whenever `bytes` have arrived at all of them
/// together.
fn peers(address: SocketAddr, sockets: usize, bytes: usize) -> io::Result<()> {
    let runtime = Builder::new_current_thread().enable_all().build()?;
    runtime.block_on(async {
        let mut control = TcpStream::connect(address).await?;
        let (arrived, mut arrivals) = tokio::sync::mpsc::unbounded_channel();
        for _ in 0..sockets {
            let mut socket = TcpStream::connect(address).await?;
            let arrived = arrived.clone();
            tokio::spawn(async move {
                let mut buffer = [0; 4096];
                while let Ok(read @ 1..) = socket.read(&mut buffer).await {
                    let _ = arrived.send(read);
                }
            });
        }
        let mut sum = 0;
        while let Some(read) = arrivals.recv().await {
            sum += read;
            if sum >= bytes && bytes > 0 {
                sum -= bytes;
                control.write_all(&[1]).await?;
            }
        }
        Ok(())
    })
}

struct Peers {
    process: Child,
    control: StdStream,
}

impl Peers {
    /// Starts the peers, and gives what `take` makes of each of their sockets.
    fn start<T>(
        runtime: &Runtime,
        sockets: usize,
        bytes: usize,
        mut take: impl FnMut(usize, TcpStream) -> T,
    ) -> io::Result<(Peers, Vec<T>)> {
        let listener = StdListener::bind("127.0.0.1:0")?;
        let process = Command::new(std::env::current_exe()?)
            .args(["peers", &listener.local_addr()?.to_string(), &sockets.to_string(), &bytes.to_string()])
            .stdin(Stdio::null())
            .spawn()?;
        let (control, _) = listener.accept()?;
        listener.set_nonblocking(true)?;
        let taken = runtime.block_on(async {
            let listener = TcpListener::from_std(listener)?;
            let mut taken = Vec::with_capacity(sockets);
            for number in 0..sockets {
                let (socket, _) = listener.accept().await?;
                socket.set_nodelay(true)?;
                taken.push(take(number, socket));
            }
            io::Result::Ok(taken)
        })?;
        Ok((Peers { process, control }, taken))
    }

    fn all_arrived(&mut self) -> io::Result<()> {
        self.control.read_exact(&mut [0])
    }

    fn stop(mut self) -> io::Result<()> {
        self.process.kill()?;
        self.process.wait().map(|_| ())
    }
}

enum Socket {
    Bare(OwnedWriteHalf),
    Ours(Sender),
}

fn take_bare(socket: TcpStream) -> OwnedWriteHalf {
    let (mut read, write) = socket.into_split();
    tokio::spawn(async move {
        let mut sink = [0; 512];
        while matches!(read.read(&mut sink).await, Ok(1..)) {}
    });
    write
}

fn take_ours(socket: TcpStream) -> Sender {
    let limits = Limits { outbox_bytes: 64 << 20, ..Limits::default() };
    let (sender, mut receiver) = websocket_server::accept(socket, Bytes::new(), limits);
    tokio::spawn(async move { while receiver.next().await.is_ok() {} });
    sender
}

fn processor_time() -> Duration {
    Duration::try_from(clock_gettime(ClockId::ProcessCPUTime)).expect("a span of time")
}

fn fan_out(sockets: usize, rounds: u32, payload: usize) -> io::Result<()> {
    let runtime = Builder::new_multi_thread().worker_threads(1).enable_all().build()?;
    let shared = Bytes::from("x".repeat(payload));
    let frame = encoded(&shared);
    let (mut peers, taken) = Peers::start(&runtime, 2 * sockets, sockets * frame.len(), |number, socket| {
        if number % 2 == 0 { Socket::Bare(take_bare(socket)) } else { Socket::Ours(take_ours(socket)) }
    })?;
    let (mut bare, mut ours) = (Vec::new(), Vec::new());
    for socket in taken {
        match socket {
            Socket::Bare(socket) => bare.push(socket),
            Socket::Ours(socket) => ours.push(socket),
        }
    }
    let (bare, ours) = (Arc::new(bare), Arc::new(ours));
    let mut sums = [Duration::ZERO; 2];
    let warm_up = rounds / 10;
    for round in 0..warm_up + rounds {
        for (kind, sum) in sums.iter_mut().enumerate() {
            let before = processor_time();
            let (bare, ours, shared, frame) = (bare.clone(), ours.clone(), shared.clone(), frame.clone());
            let sent = runtime.spawn(async move {
                if kind == 1 {
                    ours.iter().all(|socket| socket.send_shared_text(PREFIX, &shared, SUFFIX).is_ok())
                } else {
                    write_bare(&bare, &frame).await.is_ok()
                }
            });
            assert!(runtime.block_on(sent)?, "a connection broke");
            peers.all_arrived()?;
            if round >= warm_up {
                *sum += processor_time() - before;
            }
        }
    }
    let [bare, ours] = sums.map(|sum| sum.as_nanos() / u128::from(rounds) / sockets as u128);
    println!("{payload:>8} {sockets:>8} {bare:>12} {ours:>12} {:>7.2}", bare as f64 / ours as f64);
    peers.stop()
}

/// One write for each socket; what a full socket did not take is written after the loop.
async fn write_bare(sockets: &[OwnedWriteHalf], frame: &[u8]) -> io::Result<()> {
    let mut left = Vec::new();
    for socket in sockets {
        let written = socket.try_write(frame).or_else(|error| if would_block(&error) { Ok(0) } else { Err(error) })?;
        if written < frame.len() {
            left.push((socket, written));
        }
    }
    for (socket, mut written) in left {
        while written < frame.len() {
            socket.writable().await?;
            match socket.try_write(&frame[written..]) {
                Ok(more) => written += more,
                Err(error) if would_block(&error) => {}
                Err(error) => return Err(error),
            }
        }
    }
    Ok(())
}

fn would_block(error: &io::Error) -> bool {
    error.kind() == io::ErrorKind::WouldBlock
}

fn encoded(shared: &[u8]) -> Bytes {
    let length = PREFIX.len() + shared.len() + SUFFIX.len();
    let mut frame = vec![0x81];
    match length {
        0..126 => frame.push(length as u8),
        126..65_536 => {
            frame.push(126);
            frame.extend_from_slice(&(length as u16).to_be_bytes());
        }
        _ => {
            frame.push(127);
            frame.extend_from_slice(&(length as u64).to_be_bytes());
        }
    }
    frame.extend_from_slice(PREFIX);
    frame.extend_from_slice(shared);
    frame.extend_from_slice(SUFFIX);
    Bytes::from(frame)
}

/// 20,000, or what the limit of open files allows.
fn idle_sockets() -> u64 {
    let limit = rustix::process::getrlimit(rustix::process::Resource::Nofile).current;
    limit.map_or(20_000, |limit| limit.saturating_sub(100).min(20_000))
}

fn idle(kind: &str, sockets: usize) -> io::Result<()> {
    let runtime = Builder::new_multi_thread().worker_threads(2).enable_all().build()?;
    let before = resident_bytes()?;
    let is_ours = kind == "ours";
    let shared = Bytes::from_static(&[b'x'; 200]);
    let frame = encoded(&shared);
    let (mut peers, taken) = Peers::start(&runtime, sockets, sockets * frame.len(), |_, socket| {
        if is_ours { Socket::Ours(take_ours(socket)) } else { Socket::Bare(take_bare(socket)) }
    })?;
    let idle = resident_bytes()?;
    for socket in &taken {
        match socket {
            Socket::Ours(socket) => socket.send_shared_text(PREFIX, &shared, SUFFIX).map_err(io::Error::other)?,
            Socket::Bare(socket) => assert_eq!(socket.try_write(&frame)?, frame.len()),
        }
    }
    peers.all_arrived()?;
    let used = resident_bytes()?;
    println!(
        "{sockets} connections, {kind}: {} bytes each, {} after a delivery to each ({} MB resident)",
        idle.saturating_sub(before) / sockets,
        used.saturating_sub(before) / sockets,
        used >> 20
    );
    io::stdout().flush()?;
    peers.stop()
}

fn resident_bytes() -> io::Result<usize> {
    let status = std::fs::read_to_string("/proc/self/status")?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
    let kilobytes = line.and_then(|line| line.trim().strip_suffix(" kB")).and_then(|number| number.trim().parse::<usize>().ok());
    kilobytes.map(|kilobytes| kilobytes * 1024).ok_or_else(|| io::Error::other("the kernel does not tell the resident memory"))
}
