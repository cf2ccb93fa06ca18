//! Whether a connection to a Runtime API comes from the process it was opened for.
//!
//! Linux tells in `/proc/net/tcp` which socket a peer is, and in `/proc/PID/fd` who holds it: the process itself, or one that it
//! started (a shell bootstrap calls `curl`). Where the system has no `/proc` the random port and the strict order of calls are the
//! only guards.

use std::net::SocketAddrV4;

use rustix::process::Pid;

/// Whether `peer`, connected to `local`, is a socket of this process or of its descendants. Reads files; takes microseconds to
/// milliseconds, once per connection.
#[cfg(target_os = "linux")]
pub(crate) fn belongs_to(process: Pid, peer: SocketAddrV4, local: SocketAddrV4) -> bool {
    // A table is no snapshot: an entry can be missed when another one goes away in the moment of reading.
    for _ in 0..3 {
        // Runtimes of Java and .NET connect by sockets of IPv6 to addresses of IPv4.
        let tables = [("/proc/net/tcp", table_address as fn(_) -> _), ("/proc/net/tcp6", mapped_table_address)];
        for (path, address) in tables {
            let table = match std::fs::read_to_string(path) {
                Ok(table) => table,
                // A system without IPv6.
                Err(error) if error.kind() == std::io::ErrorKind::NotFound && path.ends_with('6') => continue,
                // A system without the table; any other failure (descriptors that ran out) must not open the door.
                Err(error) if error.kind() == std::io::ErrorKind::NotFound => return true,
                Err(_) => continue,
            };
            if let Some(inode) = socket_inode(&table, &address(peer), &address(local)) {
                let link = format!("socket:[{inode}]");
                let process = process.as_raw_nonzero().get();
                return holds(process, &link) || descendants(process).into_iter().any(|descendant| holds(descendant, &link));
            }
        }
    }
    false
}

/// Elsewhere nobody tells.
#[cfg(not(target_os = "linux"))]
pub(crate) fn belongs_to(_process: Pid, _peer: SocketAddrV4, _local: SocketAddrV4) -> bool {
    true
}

/// The inode of the socket whose own end is `peer` and whose other end is `local`, both as the table writes them.
#[cfg(target_os = "linux")]
fn socket_inode(table: &str, peer: &str, local: &str) -> Option<u64> {
    table.lines().find_map(|line| {
        let mut columns = line.split_ascii_whitespace().skip(1);
        let found = columns.next() == Some(peer) && columns.next() == Some(local);
        found.then(|| columns.nth(6)?.parse().ok()).flatten()
    })
}

/// An address as the kernel prints it: the four bytes as one number of the machine's own byte order, in hexadecimal.
#[cfg(target_os = "linux")]
fn table_address(address: SocketAddrV4) -> String {
    format!("{:08X}:{:04X}", u32::from_ne_bytes(address.ip().octets()), address.port())
}

/// An address of IPv4 as a socket of IPv6 has it: `::ffff:127.0.0.1`, four numbers of the machine's own byte order.
#[cfg(target_os = "linux")]
fn mapped_table_address(address: SocketAddrV4) -> String {
    let marker = u32::from_ne_bytes([0, 0, 0xFF, 0xFF]);
    format!("{:016X}{marker:08X}{}", 0, table_address(address))
}

#[cfg(target_os = "linux")]
fn holds(process: i32, link: &str) -> bool {
    let Ok(descriptors) = std::fs::read_dir(format!("/proc/{process}/fd")) else { return false };
    descriptors.flatten().any(|descriptor| std::fs::read_link(descriptor.path()).is_ok_and(|target| target.as_os_str() == link))
}

/// The processes whose group is that of `process`, or that it or its descendants started.
#[cfg(target_os = "linux")]
fn descendants(process: i32) -> Vec<i32> {
    let Ok(entries) = std::fs::read_dir("/proc") else { return Vec::new() };
    let all: Vec<(i32, i32, i32)> = entries
        .flatten()
        .filter_map(|entry| {
            let id: i32 = entry.file_name().to_str()?.parse().ok()?;
            let stat = std::fs::read_to_string(entry.path().join("stat")).ok()?;
            // The name in parentheses may hold anything; what follows is: state, parent, group.
            let mut fields = stat.rsplit_once(')')?.1.split_ascii_whitespace().skip(1);
            Some((id, fields.next()?.parse().ok()?, fields.next()?.parse().ok()?))
        })
        .collect();
    let mut found: Vec<i32> = all.iter().filter(|(_, _, group)| *group == process).map(|(id, ..)| *id).collect();
    found.push(process);
    let mut next = 0;
    while let Some(parent) = found.get(next).copied() {
        next += 1;
        let children = all.iter().filter(|(_, its_parent, _)| *its_parent == parent).map(|(id, ..)| *id);
        let new: Vec<i32> = children.filter(|id| !found.contains(id)).collect();
        found.extend(new);
    }
    found
}

#[cfg(all(test, target_os = "linux"))]
mod tests {
    use std::net::{SocketAddr, TcpListener, TcpStream};

    use super::*;

    #[test]
    fn knows_whose_socket_it_is() {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port is free");
        let Ok(SocketAddr::V4(local)) = listener.local_addr() else { panic!("IPv4 was asked for") };
        let mapped = SocketAddr::new(local.ip().to_ipv6_mapped().into(), local.port());
        let mut clients = vec![TcpStream::connect(local).expect("it listens")];
        // Not where the system has no IPv6.
        clients.extend(std::path::Path::new("/proc/net/tcp6").exists().then(|| TcpStream::connect(mapped).expect("it listens")));
        let mut other = std::process::Command::new("sleep").arg("60").spawn().expect("there is a sleep");
        let own = rustix::process::getpid();
        for client in &clients {
            let (_server, SocketAddr::V4(peer)) = listener.accept().expect("somebody connected") else {
                panic!("IPv4 was asked for")
            };
            let cases =
                [(own, peer, true), (Pid::from_child(&other), peer, false), (own, SocketAddrV4::new(*peer.ip(), 1), false)];
            for (process, peer, expected) in cases {
                assert_eq!(belongs_to(process, peer, local), expected, "{process:?} {peer} {client:?}");
            }
        }
        other.kill().and_then(|()| other.wait()).expect("it is ours to end");
    }
}
