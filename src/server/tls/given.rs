//! A certificate that somebody issued: two files, and everything that can be wrong with them, said before the server starts.

use std::fs;
use std::io::{ErrorKind, Read};
use std::path::Path;

use jiff::{SignedDuration, Timestamp};
use rustls::crypto::CryptoProvider;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, ServerName};
use rustls::server::ParsedCertificate;
use rustls::sign::CertifiedKey;
use rustls::{Error, InconsistentKeys};

use super::validity::validity;
use crate::definition::{GivenCertificate, NamedFile};
use crate::diagnostic::Diagnostic;

/// The largest file that is read: a chain of certificates has a few kilobytes.
const LARGEST: u64 = 1 << 20;
/// How long before its end a certificate is worth a warning. Whoever renews by a program does it at 30 days.
const SOON: SignedDuration = SignedDuration::from_hours(14 * 24);

/// A certificate that can be used.
pub(super) struct Given {
    pub(super) key: CertifiedKey,
    pub(super) not_after: Option<Timestamp>,
}

/// Reads both files. `hosts` are the names that clients use for the server.
pub(super) fn load(
    given: &GivenCertificate,
    hosts: &[&str],
    provider: &CryptoProvider,
    now: Timestamp,
) -> (Option<Given>, Vec<Diagnostic>) {
    let mut found = Vec::new();
    let chain = certificates(&given.certificate).map_err(|problem| found.push(problem)).ok();
    let key = private_key(&given.private_key).map_err(|problem| found.push(problem)).ok();
    if key.is_some() {
        found.extend(readable_for_everyone(&given.private_key));
    }
    let Some((chain, key)) = chain.zip(key) else { return (None, found) };
    let leaf = chain[0].clone();
    let certified = match CertifiedKey::from_der(chain, key, provider) {
        Ok(certified) => certified,
        Err(error) => {
            found.push(unusable(given, &error));
            return (None, found);
        }
    };
    let not_after = match validity(&leaf) {
        Some(validity) => {
            found.extend(out_of_time(&given.certificate, validity.not_before, validity.not_after, now));
            Some(validity.not_after)
        }
        None => None,
    };
    found.extend(foreign_names(&given.certificate, &leaf, hosts));
    (Some(Given { key: certified, not_after }), found)
}

fn certificates(file: &NamedFile) -> Result<Vec<CertificateDer<'static>>, Diagnostic> {
    let bytes = read(file)?;
    let shown = file.path.display();
    let chain: Result<Vec<_>, _> = CertificateDer::pem_slice_iter(&bytes).collect();
    match chain {
        Ok(chain) if !chain.is_empty() => match chain.iter().position(|der| ParsedCertificate::try_from(der).is_err()) {
            None => Ok(chain),
            Some(at) => {
                let message = format!("certificate {} in {shown} is no X.509 certificate of version 3", at + 1);
                Err(error(file, "tls-certificate", message, "ask whoever issued it for another one"))
            }
        },
        Ok(_) if PrivateKeyDer::from_pem_slice(&bytes).is_ok() => {
            let message = format!("{shown} holds a private key and no certificate");
            Err(error(file, "tls-certificate", message, "are `certificate` and `private_key` swapped?"))
        }
        Ok(_) => {
            let message = format!("{shown} holds no certificate in PEM");
            let help = "it has the line -----BEGIN CERTIFICATE-----; from DER: openssl x509 -inform der -in FILE -out cert.pem";
            Err(error(file, "tls-certificate", message, help))
        }
        Err(_) => {
            let message = format!("{shown} is damaged: a section of it is no PEM");
            Err(error(file, "tls-certificate", message, "copy it again"))
        }
    }
}

fn private_key(file: &NamedFile) -> Result<PrivateKeyDer<'static>, Diagnostic> {
    let bytes = read(file)?;
    let shown = file.path.display();
    if let Ok(key) = PrivateKeyDer::from_pem_slice(&bytes) {
        // Older programs encrypt inside the section and say so in its head.
        let encrypted = bytes.windows(b"Proc-Type: 4,ENCRYPTED".len()).any(|part| part == b"Proc-Type: 4,ENCRYPTED");
        if !encrypted {
            return Ok(key);
        }
    }
    let has = |label: &str| bytes.windows(label.len()).any(|part| part == label.as_bytes());
    let (message, help) = if has("ENCRYPTED") {
        (
            format!("the private key in {shown} is encrypted"),
            "nobody is there to type its passphrase: openssl pkey -in FILE -out key.pem",
        )
    } else if has("-----BEGIN CERTIFICATE-----") {
        (format!("{shown} holds a certificate and no private key"), "are `certificate` and `private_key` swapped?")
    } else {
        let help = "it has the line -----BEGIN PRIVATE KEY-----; from DER: openssl pkey -inform der -in FILE -out key.pem";
        (format!("{shown} holds no private key in PEM"), help)
    };
    Err(error(file, "tls-private-key", message, help))
}

fn unusable(given: &GivenCertificate, cause: &Error) -> Diagnostic {
    let (certificate, key) = (&given.certificate, &given.private_key);
    match cause {
        Error::InconsistentKeys(InconsistentKeys::KeyMismatch) => {
            let message = format!("{} is not the key of the certificate in {}", key.path.display(), certificate.path.display());
            error(
                key,
                "tls-key-mismatch",
                message,
                "the server's own certificate comes first in its file, then those that issued it",
            )
        }
        other => {
            let message = format!("the private key in {} cannot be used: {other}", key.path.display());
            error(key, "tls-private-key", message, "keys are RSA from 2048 bits, ECDSA (P-256, P-384, P-521) or Ed25519")
        }
    }
}

fn out_of_time(file: &NamedFile, not_before: Timestamp, not_after: Timestamp, now: Timestamp) -> Option<Diagnostic> {
    let shown = file.path.display();
    if now > not_after {
        let message = format!("the certificate in {shown} has expired on {not_after}");
        return Some(error(file, "tls-certificate-expired", message, "renew it: no client would accept it"));
    }
    if now < not_before {
        let message = format!("the certificate in {shown} is valid from {not_before} on, which is yet to come");
        return Some(error(file, "tls-certificate-expired", message, "is the clock of this machine right?"));
    }
    (not_after.duration_since(now) < SOON).then(|| {
        let message = format!("the certificate in {shown} expires on {not_after}");
        at(file, Diagnostic::warning("tls-certificate-expires", message).help("renew it, then restart the server"))
    })
}

fn foreign_names(file: &NamedFile, leaf: &CertificateDer<'_>, hosts: &[&str]) -> Vec<Diagnostic> {
    let Ok(parsed) = ParsedCertificate::try_from(leaf) else { return Vec::new() };
    let is_foreign =
        |host: &&&str| ServerName::try_from(**host).is_ok_and(|name| rustls::client::verify_server_name(&parsed, &name).is_err());
    let warning = |host: &&str| {
        let message = format!("the certificate in {} is not for the host `{host}`, where an API answers", file.path.display());
        let help = "clients that speak TLS to this server refuse it for that host; have it issued for all hosts";
        at(file, Diagnostic::warning("tls-certificate-name", message).help(help))
    };
    hosts.iter().filter(is_foreign).map(warning).collect()
}

#[cfg(unix)]
fn readable_for_everyone(file: &NamedFile) -> Option<Diagnostic> {
    use std::os::unix::fs::PermissionsExt;
    let mode = fs::metadata(&file.path).ok()?.permissions().mode();
    (mode & 0o004 != 0).then(|| {
        let message = format!("every user of this machine can read the private key in {}", file.path.display());
        at(file, Diagnostic::warning("tls-private-key-readable", message).help("chmod 600 it"))
    })
}

#[cfg(not(unix))]
fn readable_for_everyone(_file: &NamedFile) -> Option<Diagnostic> {
    None
}

fn read(file: &NamedFile) -> Result<Vec<u8>, Diagnostic> {
    let bytes = read_bounded(&file.path).map_err(|cause| match cause.kind() {
        ErrorKind::NotFound | ErrorKind::NotADirectory => {
            let message = format!("there is no file {}", file.path.display());
            error(file, "missing-file", message, "paths are relative to the configuration file, or absolute")
        }
        _ => {
            let message = format!("cannot read {}: {cause}", file.path.display());
            error(file, "unreadable-file", message, "check its permissions")
        }
    })?;
    if bytes.len() as u64 > LARGEST {
        let message = format!("{} is larger than 1 MiB", file.path.display());
        return Err(error(file, "file-too-large", message, "is it the right file?"));
    }
    Ok(bytes)
}

fn read_bounded(path: &Path) -> std::io::Result<Vec<u8>> {
    // A pipe or a device might never end.
    if !fs::metadata(path)?.is_file() {
        return Err(std::io::Error::other("it is not a file"));
    }
    let mut bytes = Vec::new();
    fs::File::open(path)?.take(LARGEST + 1).read_to_end(&mut bytes)?;
    Ok(bytes)
}

fn error(file: &NamedFile, rule: &'static str, message: String, help: &str) -> Diagnostic {
    at(file, Diagnostic::error(rule, message).help(help))
}

fn at(file: &NamedFile, diagnostic: Diagnostic) -> Diagnostic {
    diagnostic.at(&file.place.source, file.place.span.clone())
}
