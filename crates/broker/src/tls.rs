//! TLS to a broker's server: rustls on aws-lc-rs, with the system's certificate authorities or those of a file.

use std::path::Path;
use std::sync::Arc;

use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::{ClientConfig, RootCertStore};

use crate::error::Error;
use crate::server_url::Certificates;

pub(crate) fn client_config(certificates: &Certificates) -> Result<ClientConfig, Error> {
    let mut roots = RootCertStore::empty();
    if let Some(path) = &certificates.authorities {
        let unusable = |reason: String| unusable("ca", path, reason);
        for certificate in read_certificates("ca", path)? {
            roots.add(certificate).map_err(|error| unusable(error.to_string()))?;
        }
    } else {
        // Where the system has none, the handshake says that the server's authority is unknown.
        roots.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
    }
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let builder = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .expect("the provider has the cipher suites of both versions")
        .with_root_certificates(roots);
    let (Some(certificate), Some(key)) = (&certificates.certificate, &certificates.private_key) else {
        return Ok(builder.with_no_client_auth());
    };
    let chain = read_certificates("certificate", certificate)?;
    let unusable = |reason: String| unusable("private_key", key, reason);
    let private_key = PrivateKeyDer::from_pem_file(key).map_err(|error| unusable(error.to_string()))?;
    builder.with_client_auth_cert(chain, private_key).map_err(|error| unusable(error.to_string()))
}

fn read_certificates(name: &'static str, path: &Path) -> Result<Vec<CertificateDer<'static>>, Error> {
    let unusable = |reason: String| unusable(name, path, reason);
    let certificates = CertificateDer::pem_file_iter(path)
        .and_then(Iterator::collect::<Result<Vec<_>, _>>)
        .map_err(|error| unusable(error.to_string()))?;
    if certificates.is_empty() { Err(unusable("it holds no certificate in PEM".to_owned())) } else { Ok(certificates) }
}

fn unusable(name: &'static str, path: &Path, reason: String) -> Error {
    Error::Certificate { name, path: path.to_owned(), reason }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_that_holds_no_certificate_is_named() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("a.pem");
        std::fs::write(&path, "nothing").expect("written");
        for path in [path, folder.path().join("missing.pem")] {
            let certificates = Certificates { authorities: Some(path.clone()), ..Certificates::default() };
            let error = client_config(&certificates).expect_err("refused").to_string();
            assert!(error.starts_with(&path.display().to_string()) && error.contains("option ca"), "{error}");
        }
    }
}
