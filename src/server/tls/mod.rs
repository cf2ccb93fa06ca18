//! TLS on the port that HTTP has. Clients for real time insist on it: Amplify turns `http://` into `wss://` on the same port.
//!
//! The certificate is the one that `[server.tls]` names ([`Tls::given`]); else, in development, one that the data folder keeps
//! ([`Tls::own`]); in production without one there is no TLS. `connection` tells by the first byte whether a client speaks it.
//!
//! Above the stream nothing knows the difference: limits, timeouts, authorization and shutdown are the same.

mod development;
mod given;
mod validity;

use std::io;
use std::path::PathBuf;
use std::sync::Arc;

use jiff::Timestamp;
use rustls::crypto::{CryptoProvider, aws_lc_rs};
use rustls::server::ResolvesServerCert;
use rustls::sign::{CertifiedKey, SingleCertAndKey};
use rustls::{AlertDescription, ServerConfig};
use tokio::sync::OnceCell;

use self::development::Made;
use crate::definition::{Mode, ServerDefinition, ServerSettings};
use crate::diagnostic::Diagnostic;

/// What TLS is spoken with.
#[derive(Debug)]
pub struct Tls {
    config: OnceCell<Arc<ServerConfig>>,
    /// The names of a certificate that is yet to be made.
    names: Vec<String>,
    /// Where the certificate is from.
    pub certificate: Certificate,
}

/// Where a certificate is from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Certificate {
    /// `[server.tls]` names it.
    Given {
        /// Its file.
        path: PathBuf,
        /// Its last moment.
        not_after: Option<Timestamp>,
    },
    /// Made for development, and kept.
    Kept {
        /// The file with the certificate of its authority, which clients are to trust.
        authority: PathBuf,
    },
    /// Made for development, for this run only, when the first client speaks TLS: that takes longer than the rest of a start, because
    /// aws-lc gathers entropy of its own first.
    Passing,
}

impl Tls {
    /// With the certificate that `[server.tls]` names, if it names one that can be used; and what is to be said of it.
    #[must_use]
    pub fn given(definition: &ServerDefinition) -> (Option<Self>, Vec<Diagnostic>) {
        let Some(given) = &definition.server.tls.given else { return (None, Vec::new()) };
        let provider = provider();
        let hosts: Vec<&str> = domain_names(definition).collect();
        let (loaded, found) = given::load(given, &hosts, &provider, Timestamp::now());
        let tls = loaded.map(|loaded| Self {
            config: OnceCell::new_with(Some(config(provider, loaded.key))),
            names: Vec::new(),
            certificate: Certificate::Given { path: given.certificate.path.clone(), not_after: loaded.not_after },
        });
        (tls, found)
    }

    /// With the certificate of development, if the definition has it: in development, when no other one is named.
    #[must_use]
    pub fn own(definition: &ServerDefinition) -> Option<Self> {
        let settings = &definition.server;
        if settings.tls.given.is_some() || settings.mode == Mode::Production {
            return None;
        }
        let names = names(definition);
        let passing = |names| Self { config: OnceCell::new(), names, certificate: Certificate::Passing };
        if settings.ephemeral {
            return Some(passing(names));
        }
        let kept = development::keep(&settings.data, &names, &extra_names(), Timestamp::now());
        let kept = kept.and_then(|kept| Ok((config_of(kept.made)?, kept.authority, kept.replaced)));
        Some(match kept {
            Ok((config, authority, replaced)) => {
                if let Some(reason) = replaced {
                    let path = authority.display();
                    tracing::warn!(%path, reason, "the certificate for development is a new one: clients must be told to trust it");
                }
                let certificate = Certificate::Kept { authority };
                Self { config: OnceCell::new_with(Some(config)), names, certificate }
            }
            // The API itself may be fine without the folder.
            Err(error) => {
                let folder = settings.data.display();
                tracing::warn!(%folder, %error, "the certificate for development cannot be kept: every start has another one");
                passing(names)
            }
        })
    }

    /// What a client that does not trust the certificate is to do, as the end of a sentence.
    pub(super) fn advice(&self) -> String {
        match &self.certificate {
            Certificate::Given { .. } => String::new(),
            Certificate::Kept { authority } => format!(": have it trust {}", authority.display()),
            Certificate::Passing => ", which is one for this run only: have it not verify, or keep a data folder".to_owned(),
        }
    }

    /// For a connection.
    pub(super) async fn config(&self) -> io::Result<Arc<ServerConfig>> {
        let make = || async {
            let names: Vec<String> = self.names.iter().cloned().chain(extra_names()).collect();
            let making = tokio::task::spawn_blocking(move || config_of(development::make(names.iter(), Timestamp::now())?));
            making.await.map_err(io::Error::other)?
        };
        let made = self.config.get_or_try_init(make).await;
        made.cloned().inspect_err(|error| tracing::error!(%error, "there is no certificate for development"))
    }
}

fn config_of(made: Made) -> io::Result<Arc<ServerConfig>> {
    let provider = provider();
    let key = CertifiedKey::from_der(made.chain, made.key, &provider).map_err(io::Error::other)?;
    Ok(config(provider, key))
}

fn provider() -> Arc<CryptoProvider> {
    CryptoProvider::get_default().cloned().unwrap_or_else(|| Arc::new(aws_lc_rs::default_provider()))
}

fn config(provider: Arc<CryptoProvider>, key: CertifiedKey) -> Arc<ServerConfig> {
    let certificate: Arc<dyn ResolvesServerCert> = Arc::new(SingleCertAndKey::from(key));
    let mut config = ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .expect("the provider has cipher suites for TLS 1.2 and 1.3")
        .with_no_client_auth()
        .with_cert_resolver(certificate);
    config.alpn_protocols = [&b"http/1.1"[..], b"http/1.0"].map(<[u8]>::to_vec).into();
    Arc::new(config)
}

/// The names that development's own certificate must have.
fn names(definition: &ServerDefinition) -> Vec<String> {
    let ServerSettings { host, tls, .. } = &definition.server;
    let mut names: Vec<String> = ["localhost", "127.0.0.1", "::1"].map(String::from).into();
    names.extend(definition.apis.iter().map(|api| format!("{}.appsync-api.localhost", api.api_id)));
    names.extend(domain_names(definition).map(String::from));
    names.extend(tls.names.iter().map(ToString::to_string));
    if !host.is_loopback() && !host.is_unspecified() {
        names.push(host.to_string());
    }
    names.retain(|name| rustls::pki_types::ServerName::try_from(name.as_str()).is_ok());
    names
}

/// Names that are good to have. The host's may change with every container.
fn extra_names() -> Vec<String> {
    let mut names = vec!["*.localhost".to_owned()];
    let host = rustix::system::uname().nodename().to_string_lossy().into_owned();
    if rustls::pki_types::DnsName::try_from(host.as_str()).is_ok() {
        names.push(host);
    }
    names
}

fn domain_names(definition: &ServerDefinition) -> impl Iterator<Item = &str> {
    definition.apis.iter().flat_map(|api| &api.domain_names).map(|name| &**name)
}

/// Whether a handshake ended because the client does not trust the certificate.
pub(super) fn is_distrust(error: &io::Error) -> bool {
    let cause = error.get_ref().and_then(|cause| cause.downcast_ref::<rustls::Error>());
    let Some(rustls::Error::AlertReceived(alert)) = cause else { return false };
    matches!(
        alert,
        AlertDescription::UnknownCA
            | AlertDescription::BadCertificate
            | AlertDescription::UnsupportedCertificate
            | AlertDescription::CertificateExpired
            | AlertDescription::CertificateUnknown
    )
}

#[cfg(test)]
impl Tls {
    /// One for `localhost`, with the certificate of its authority.
    pub(super) fn for_tests() -> (Self, rustls::pki_types::CertificateDer<'static>) {
        let names = ["localhost".to_owned()];
        let made = development::make(names.iter(), Timestamp::now()).expect("a certificate");
        let authority = made.chain[1].clone();
        let config = OnceCell::new_with(Some(config_of(made).expect("it can be used")));
        (Self { config, names: Vec::new(), certificate: Certificate::Passing }, authority)
    }
}
