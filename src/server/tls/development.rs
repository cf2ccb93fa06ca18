//! The certificate that development has of its own, so that clients which insist on TLS find it without any preparation.
//!
//! An authority is made, issues this one certificate, and its key is forgotten: to trust the authority is to trust this server and
//! nothing else, and there is no key whose theft would let others impersonate any site. The price is that a new certificate, after
//! two years or for other names, has a new authority.
//!
//! The data folder keeps two files: `tls/server.pem` holds the server's key, its certificate and the authority's, and is what counts;
//! `tls/ca.pem` is a copy of the authority's certificate for clients.

use std::fs;
use std::io::{Error, ErrorKind, Result};
use std::net::IpAddr;
use std::path::{Path, PathBuf};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use jiff::tz::Offset;
use jiff::{SignedDuration, Timestamp};
use rcgen::{
    BasicConstraints, CertificateParams, DistinguishedName, DnType, ExtendedKeyUsagePurpose, IsCa, Issuer, KeyPair,
    KeyUsagePurpose, PKCS_ECDSA_P256_SHA256, SanType, date_time_ymd,
};
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, ServerName};
use rustls::server::ParsedCertificate;

use super::validity::validity;
use crate::kept;

/// How long a certificate is made for. Apple's systems refuse those of more than 825 days, whoever issued them.
const LIFE: SignedDuration = SignedDuration::from_hours(2 * 365 * 24);
/// A certificate that ends earlier than this is replaced at the start.
const REST: SignedDuration = SignedDuration::from_hours(30 * 24);

/// A key with its certificate.
#[derive(Debug)]
pub(super) struct Made {
    pub(super) key: PrivateKeyDer<'static>,
    /// The server's certificate, then the authority's.
    pub(super) chain: Vec<CertificateDer<'static>>,
}

/// What became of the certificate in the data folder.
#[derive(Debug)]
pub(super) struct Kept {
    pub(super) made: Made,
    /// The authority's certificate, for clients.
    pub(super) authority: PathBuf,
    /// Why the one that was there is not used any more.
    pub(super) replaced: Option<&'static str>,
}

/// The certificate that the data folder keeps, or a new one. It is good for all of `names`; a new one is for `extra` as well.
///
/// # Errors
/// When the folder cannot be written.
pub(super) fn keep(data: &Path, names: &[String], extra: &[String], now: Timestamp) -> Result<Kept> {
    let folder = data.join("tls");
    let path = folder.join("server.pem");
    let authority = folder.join("ca.pem");
    if let Ok(made) = read(&path, names, now) {
        kept::restrict(&path)?;
        publish(&authority, &made)?;
        return Ok(Kept { made, authority, replaced: None });
    }
    kept::make_folder(&folder)?;
    kept::leave_out_of_git(&folder);
    // Of servers that start together the first one makes it; the file ends the lock when it is closed.
    let lock = fs::File::create(folder.join(".lock"))?;
    if let Err(error) = lock.lock() {
        tracing::debug!(%error, "cannot lock the folder of the certificate");
    }
    let replaced = match read(&path, names, now) {
        Ok(made) => {
            publish(&authority, &made)?;
            return Ok(Kept { made, authority, replaced: None });
        }
        Err(reason) => reason,
    };
    let made = make(names.iter().chain(extra), now)?;
    kept::replace(&path, &text(&made))?;
    publish(&authority, &made)?;
    Ok(Kept { made, authority, replaced })
}

/// The kept certificate, or why it cannot be used; no reason where there is none.
fn read(path: &Path, names: &[String], now: Timestamp) -> std::result::Result<Made, Option<&'static str>> {
    let bytes = match fs::read(path) {
        Ok(bytes) => bytes,
        Err(error) if error.kind() == ErrorKind::NotFound => return Err(None),
        Err(_) => return Err(Some("it could not be read")),
    };
    let damaged = Some("it was damaged");
    let key = PrivateKeyDer::from_pem_slice(&bytes).map_err(|_| damaged)?;
    let chain: Vec<_> = CertificateDer::pem_slice_iter(&bytes).collect::<std::result::Result<_, _>>().map_err(|_| damaged)?;
    let [leaf, _] = &chain[..] else { return Err(damaged) };
    let parsed = ParsedCertificate::try_from(leaf).map_err(|_| damaged)?;
    let validity = validity(leaf).ok_or(damaged)?;
    if now < validity.not_before || validity.not_after.duration_since(now) < REST {
        return Err(Some("it came to its end"));
    }
    let covers = |name: &String| {
        ServerName::try_from(name.as_str()).is_ok_and(|name| rustls::client::verify_server_name(&parsed, &name).is_ok())
    };
    if names.iter().all(covers) { Ok(Made { key, chain }) } else { Err(Some("the server has other names now")) }
}

/// Writes the authority's certificate for clients, unless it is there.
fn publish(path: &Path, made: &Made) -> Result<()> {
    let text = made.chain.last().map(|certificate| section("CERTIFICATE", certificate)).unwrap_or_default();
    if fs::read_to_string(path).is_ok_and(|there| there == text) {
        return Ok(());
    }
    kept::replace(path, &text)
}

/// Makes a certificate for these names, issued by an authority that ends with this call.
pub(super) fn make<'n>(names: impl Iterator<Item = &'n String>, now: Timestamp) -> Result<Made> {
    let failed = |error: rcgen::Error| Error::other(format!("cannot make a certificate: {error}"));
    // A clock that is behind, as in a virtual machine that slept, still finds it valid.
    let day = |time: Timestamp| {
        let date = Offset::UTC.to_datetime(time);
        date_time_ymd(date.year().into(), date.month().unsigned_abs(), date.day().unsigned_abs())
    };
    let (from, until) = (day(now - SignedDuration::from_hours(24)), day(now + LIFE));
    let serial = kept::random::<16>()?;
    let mut params = CertificateParams::default();
    (params.not_before, params.not_after) = (from, until);
    // Tells this authority from earlier ones in a list of trusted ones.
    let id: String = serial[..4].iter().map(|byte| format!("{byte:02x}")).collect();
    params.distinguished_name = named(&format!("Syncgate development authority {id}"));
    params.is_ca = IsCa::Ca(BasicConstraints::Constrained(0));
    params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
    let authority_key = KeyPair::generate_for(&PKCS_ECDSA_P256_SHA256).map_err(failed)?;
    let authority = params.self_signed(&authority_key).map_err(failed)?;
    let issuer = Issuer::new(params, authority_key);

    let mut params = CertificateParams::default();
    (params.not_before, params.not_after) = (from, until);
    params.distinguished_name = named("Syncgate development server");
    params.subject_alt_names = names.filter_map(|name| alternative_name(name)).collect();
    params.use_authority_key_identifier_extension = true;
    params.key_usages = vec![KeyUsagePurpose::DigitalSignature];
    params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
    let key = KeyPair::generate_for(&PKCS_ECDSA_P256_SHA256).map_err(failed)?;
    let leaf = params.signed_by(&key, &issuer).map_err(failed)?;
    let key = PrivateKeyDer::try_from(key.serialize_der()).map_err(Error::other)?;
    Ok(Made { key, chain: vec![leaf.into(), authority.into()] })
}

fn named(common_name: &str) -> DistinguishedName {
    let mut name = DistinguishedName::new();
    name.push(DnType::OrganizationName, "Syncgate");
    name.push(DnType::CommonName, common_name);
    name
}

fn alternative_name(name: &str) -> Option<SanType> {
    match name.parse::<IpAddr>() {
        Ok(address) => Some(SanType::IpAddress(address)),
        Err(_) => name.try_into().ok().map(SanType::DnsName),
    }
}

fn text(made: &Made) -> String {
    let mut text = section("PRIVATE KEY", made.key.secret_der());
    for certificate in &made.chain {
        text.push_str(&section("CERTIFICATE", certificate));
    }
    text
}

/// A section of PEM (RFC 7468).
fn section(label: &str, der: &[u8]) -> String {
    let encoded = STANDARD.encode(der);
    let mut text = format!("-----BEGIN {label}-----\n");
    for line in encoded.as_bytes().chunks(64) {
        text.push_str(&String::from_utf8_lossy(line));
        text.push('\n');
    }
    text.push_str(&format!("-----END {label}-----\n"));
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(names: &[&str]) -> Vec<String> {
        names.iter().map(ToString::to_string).collect()
    }

    fn at(day: i64) -> Timestamp {
        let start: Timestamp = "2026-01-15T12:00:00Z".parse().expect("a time");
        start + SignedDuration::from_hours(24 * day)
    }

    #[test]
    fn a_certificate_is_replaced_near_its_end_or_for_other_names() {
        let folder = tempfile::tempdir().expect("a folder");
        let mut before = Vec::new();
        for (day, wanted, expected) in [
            (0, &["localhost", "a.test"][..], Some(None)),
            (1, &["localhost"], None),
            (0, &["a.test", "extra.test"], None),
            (699, &["localhost", "a.test"], None),
            (701, &["localhost", "a.test"], Some(Some("it came to its end"))),
            // The clock went back.
            (0, &["localhost"], Some(Some("it came to its end"))),
            (0, &["localhost", "127.0.0.1"], Some(Some("the server has other names now"))),
            (0, &["127.0.0.1"], None),
        ] {
            let kept = keep(folder.path(), &names(wanted), &names(&["extra.test", "*.test"]), at(day)).expect("it is kept");
            let context = format!("day {day}, {wanted:?}");
            assert_eq!(kept.made.chain == before, expected.is_none(), "{context}");
            assert_eq!(kept.replaced, expected.flatten(), "{context}");
            let validity = validity(&kept.made.chain[0]).expect("a certificate");
            let life = validity.not_after.duration_since(validity.not_before).as_hours() / 24;
            assert!((729..=825).contains(&life), "{life} days");
            assert_eq!(fs::read_to_string(kept.authority).expect("a file"), section("CERTIFICATE", &kept.made.chain[1]));
            before = kept.made.chain;
        }
    }

    #[test]
    fn servers_that_start_together_have_one_certificate() {
        let folder = tempfile::tempdir().expect("a folder");
        let start = std::sync::Barrier::new(8);
        let chains: Vec<_> = std::thread::scope(|scope| {
            let keep = || {
                start.wait();
                keep(folder.path(), &names(&["localhost"]), &[], at(0)).expect("it is kept").made.chain
            };
            let threads: Vec<_> = (0..8).map(|_| scope.spawn(keep)).collect();
            threads.into_iter().map(|thread| thread.join().expect("no panic")).collect()
        });
        assert!(chains.iter().all(|chain| *chain == chains[0]));
        let left: Vec<_> =
            fs::read_dir(folder.path().join("tls")).expect("a folder").flatten().map(|entry| entry.file_name()).collect();
        assert_eq!(left.len(), 4, "no draft is left: {left:?}");
    }
}
