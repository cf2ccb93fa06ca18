//! Ends the functions' processes when this process is gone, however it went.
//!
//! Processes that are killed with their host's last breath (`kill -9`, out of memory) get no chance to clean up, and Linux's
//! parent-death signal needs code between fork and exec, which safe Rust does not have. So a host keeps one small shell that reads
//! process groups from a pipe. The kernel closes the pipe when the host is gone, however that happened; the shell then kills the
//! groups it still knows and removes the host's folder.

use std::io::{self, Write};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, Command, Stdio};
use std::sync::{Mutex, MutexGuard, PoisonError};

use rustix::process::{Pid, Signal, kill_process_group};

const SCRIPT: &str = r#"
groups=
while read -r verb group; do
    case $verb in
        add) groups="$groups $group" ;;
        remove)
            kept=
            for one in $groups; do [ "$one" = "$group" ] || kept="$kept $one"; done
            groups=$kept ;;
    esac
done
for one in $groups; do kill -s KILL -- "-$one"; done
# What left its group: see stragglers.rs.
for file in $(grep -lszxF -- "LAMBDA_RUNTIME_DIR=$1" /proc/[0-9]*/environ 2>/dev/null); do
    file=${file%/environ}
    kill -s KILL "${file#/proc/}"
done
rm -rf -- "$1"
"#;

/// The watching shell and the groups it knows.
#[derive(Debug)]
pub(crate) struct Guard {
    folder: PathBuf,
    state: Mutex<State>,
}

#[derive(Debug)]
struct State {
    shell: Option<Shell>,
    groups: Vec<Pid>,
}

#[derive(Debug)]
struct Shell {
    child: Child,
    input: ChildStdin,
}

impl Guard {
    /// Starts the shell. `folder` is removed when the host is gone.
    pub(crate) fn start(folder: &Path) -> io::Result<Self> {
        let shell = Shell::start(folder)?;
        Ok(Self { folder: folder.to_owned(), state: Mutex::new(State { shell: Some(shell), groups: Vec::new() }) })
    }

    /// From now on this group dies with the host.
    pub(crate) fn add(&self, group: Pid) -> io::Result<()> {
        let mut state = self.state();
        state.groups.push(group);
        if let Some(shell) = &mut state.shell
            && shell.tell("add", group).is_ok()
        {
            return Ok(());
        }
        // Somebody killed the shell: a new one learns all groups.
        state.end_shell();
        let mut shell = Shell::start(&self.folder)?;
        for group in &state.groups {
            shell.tell("add", *group)?;
        }
        state.shell = Some(shell);
        Ok(())
    }

    /// Kills what is left of the group and forgets it.
    pub(crate) fn remove(&self, group: Pid) {
        let mut state = self.state();
        // A second removal must not reach a group that took over the number.
        let Some(position) = state.groups.iter().position(|one| *one == group) else { return };
        state.groups.swap_remove(position);
        // Fails when nobody of the group lives any more, which is the aim.
        let _ = kill_process_group(group, Signal::KILL);
        if let Some(shell) = &mut state.shell {
            // A shell that is gone is replaced by the next `add`.
            let _ = shell.tell("remove", group);
        }
    }

    /// Kills the group now; it is removed when its process was waited for.
    pub(crate) fn kill(&self, group: Pid) {
        if self.state().groups.contains(&group) {
            let _ = kill_process_group(group, Signal::KILL);
        }
    }

    /// Kills every group.
    pub(crate) fn kill_all(&self) {
        for group in &self.state().groups {
            let _ = kill_process_group(*group, Signal::KILL);
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Guard {
    fn drop(&mut self) {
        self.kill_all();
        self.state().end_shell();
    }
}

impl State {
    fn end_shell(&mut self) {
        if let Some(Shell { mut child, input }) = self.shell.take() {
            drop(input);
            // It has nothing left but a few signals to send; waiting leaves no zombie.
            let _ = child.wait();
        }
    }
}

impl Shell {
    fn start(folder: &Path) -> io::Result<Self> {
        let mut child = Command::new("/bin/sh")
            .args(["-c", SCRIPT, "lambda-host-guard"])
            .arg(folder)
            .current_dir("/")
            // It needs `grep` and `rm`, and none of the host's secrets.
            .env_clear()
            .envs(std::env::var_os("PATH").map(|path| ("PATH", path)))
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            // A group of its own: Ctrl-C in a terminal must not end it before the host.
            .process_group(0)
            .spawn()
            .map_err(|error| io::Error::new(error.kind(), format!("the guard of functions' processes needs /bin/sh: {error}")))?;
        let input = child.stdin.take().ok_or_else(|| io::Error::other("the guard has no standard input"))?;
        Ok(Self { child, input })
    }

    fn tell(&mut self, verb: &str, group: Pid) -> io::Result<()> {
        self.input.write_all(format!("{verb} {}\n", group.as_raw_nonzero()).as_bytes())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sleeper() -> Child {
        Command::new("sleep").arg("1000").process_group(0).spawn().expect("there is a sleep")
    }

    #[test]
    fn a_killed_guard_is_replaced_and_knows_every_group() {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let guard = Guard::start(folder.path()).expect("there is a shell");
        let mut sleepers = [sleeper(), sleeper(), sleeper()];
        let [first, second, removed] = [0, 1, 2].map(|index| Pid::from_child(&sleepers[index]));
        guard.add(first).and_then(|()| guard.add(removed)).expect("the shell listens");
        guard.remove(removed);
        {
            let mut state = guard.state();
            let shell = &mut state.shell.as_mut().expect("it was started").child;
            shell.kill().and_then(|()| shell.wait()).expect("it is ours");
        }
        guard.add(second).expect("a new shell listens");
        // As when the host is killed: nothing of it runs, and the pipe is closed.
        let mut shell = guard.state().shell.take().expect("it was started again");
        drop(shell.input);
        shell.child.wait().expect("it is ours");
        assert!(!folder.path().exists(), "the folder is gone");
        for sleeper in &mut sleepers {
            let status = sleeper.wait().expect("it is ours");
            assert_eq!(std::os::unix::process::ExitStatusExt::signal(&status), Some(9));
        }
    }
}
