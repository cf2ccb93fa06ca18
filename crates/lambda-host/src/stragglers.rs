//! Ends what a function's process left running outside of its process group: a browser that was started `detached`, a daemon.
//!
//! Such a process has a group and a session of its own, and once its parent is gone nothing links it to the function but what it
//! inherited: its environment names the Runtime API and the folder of the bootstraps, and together they belong to one process of one
//! host only. Linux tells the environment of a process to its own user; elsewhere the group is all that is known.

use std::net::SocketAddrV4;
use std::path::Path;

/// Kills every process that inherited this Runtime API. Reads files of `/proc`: milliseconds, for a thread that may block. The port
/// must still be taken, so that it cannot be somebody else's.
#[cfg(target_os = "linux")]
pub(crate) fn kill(api: SocketAddrV4, runtime_folder: &Path) {
    use std::os::unix::ffi::OsStrExt as _;

    use rustix::process::{Pid, Signal, kill_process};

    let variables = [
        format!("AWS_LAMBDA_RUNTIME_API={api}").into_bytes(),
        [b"LAMBDA_RUNTIME_DIR=".as_slice(), runtime_folder.as_os_str().as_bytes()].concat(),
    ];
    // Who is killed may have started another in this moment.
    for _ in 0..3 {
        let Ok(entries) = std::fs::read_dir("/proc") else { return };
        let mut found = false;
        for entry in entries.flatten() {
            let Some(pid) = entry.file_name().to_str().and_then(|name| name.parse().ok()).and_then(Pid::from_raw) else {
                continue;
            };
            let Ok(environment) = std::fs::read(entry.path().join("environ")) else { continue };
            let has = |wanted: &Vec<u8>| environment.split(|byte| *byte == 0).any(|variable| variable == wanted.as_slice());
            if variables.iter().all(has) {
                // Fails when it ended meanwhile, which is the aim.
                found |= kill_process(pid, Signal::KILL).is_ok();
            }
        }
        if !found {
            return;
        }
    }
}

/// Elsewhere nobody tells.
#[cfg(not(target_os = "linux"))]
pub(crate) fn kill(_api: SocketAddrV4, _runtime_folder: &Path) {}
