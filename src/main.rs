//! The `syncgate` binary: arguments to library call.

use std::process::ExitCode;

fn main() -> ExitCode {
    // One crypto provider for the whole process, chosen before anything opens a connection.
    if rustls::crypto::aws_lc_rs::default_provider().install_default().is_err() {
        return ExitCode::FAILURE;
    }
    syncgate::cli::run(std::env::args_os())
}
