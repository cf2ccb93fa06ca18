//! One public key of an issuer: read from a JSON Web Key, bound to the algorithms that fit it, and used to check signatures.
//!
//! A key is only ever used with an algorithm that its own type, curve, `alg`, `use` and `key_ops` allow (RFC 8725 §3.1), whatever the
//! token's header says.

use aws_lc_rs::digest::{self, SHA256};
use aws_lc_rs::signature::{
    ECDSA_P256_SHA256_FIXED, ECDSA_P384_SHA384_FIXED, ECDSA_P521_SHA512_FIXED, ED25519, ParsedPublicKey,
    RSA_PKCS1_2048_8192_SHA256, RsaPublicKeyComponents, VerificationAlgorithm,
};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jsonwebtoken::DecodingKey;
use jsonwebtoken::crypto::aws_lc;

use value::Value;

use crate::algorithm::Algorithm;
use crate::token::MAX_KEY_ID_BYTES;

const RSA: [Algorithm; 6] =
    [Algorithm::Rs256, Algorithm::Rs384, Algorithm::Rs512, Algorithm::Ps256, Algorithm::Ps384, Algorithm::Ps512];

/// A public key that may verify signatures.
#[derive(Debug)]
pub(crate) struct Key {
    /// What this key is: equal keys under one `kid` are the same key, however often the set is fetched.
    pub(crate) fingerprint: [u8; 32],
    algorithms: Vec<Algorithm>,
    material: Material,
}

#[derive(Debug)]
enum Material {
    Library(DecodingKey),
    /// `jsonwebtoken` has no ES512.
    P521(ParsedPublicKey),
}

impl Key {
    /// Reads a JSON Web Key with its `kid`.
    ///
    /// # Errors
    /// Why this key cannot verify signatures here. Sets hold such keys rightfully (for encryption, of other curves), so this is a
    /// reason to leave the key aside and not to refuse the set.
    pub(crate) fn from_jwk(jwk: &Value) -> Result<(&str, Self), &'static str> {
        // Some issuers write members that they do not use as null or empty.
        let member = |name: &str| jwk.get(name).filter(|member| !member.is_null());
        let text = |name: &str| member(name).and_then(Value::as_str);
        let id = text("kid").filter(|id| !id.is_empty() && id.len() <= MAX_KEY_ID_BYTES).ok_or("no usable `kid`")?;
        if member("use").is_some_and(|usage| usage.as_str() != Some("sig")) {
            return Err("`use` is not `sig`");
        }
        if let Some(operations) = member("key_ops") {
            let operations = operations.as_list().ok_or("`key_ops` is no list")?;
            if !operations.is_empty() && !operations.iter().any(|operation| operation.as_str() == Some("verify")) {
                return Err("`key_ops` lacks `verify`");
            }
        }
        let kind = text("kty").ok_or("no `kty`")?;
        let (mut algorithms, material, public) = match kind {
            "RSA" => rsa(&bytes(text("n"), "`n`")?, &bytes(text("e"), "`e`")?)?,
            "EC" => elliptic(text("crv").ok_or("no `crv`")?, &bytes(text("x"), "`x`")?, &bytes(text("y"), "`y`")?)?,
            "OKP" => edwards(text("crv").ok_or("no `crv`")?, &bytes(text("x"), "`x`")?)?,
            "oct" => return Err("a shared secret is no public key"),
            _ => return Err("unknown `kty`"),
        };
        if let Some(algorithm) = member("alg") {
            let algorithm = algorithm.as_str().and_then(Algorithm::from_name).ok_or("unsupported `alg`")?;
            algorithms.retain(|fitting| *fitting == algorithm);
            if algorithms.is_empty() {
                return Err("`alg` does not fit the key");
            }
        }
        let mut print = digest::Context::new(&SHA256);
        for algorithm in &algorithms {
            print.update(algorithm.name().as_bytes());
            print.update(b"\0");
        }
        print.update(&public);
        let mut fingerprint = [0; 32];
        fingerprint.copy_from_slice(print.finish().as_ref());
        Ok((id, Self { fingerprint, algorithms, material }))
    }

    /// Whether this key may be used with `algorithm`.
    pub(crate) fn fits(&self, algorithm: Algorithm) -> bool {
        self.algorithms.contains(&algorithm)
    }

    /// Whether `signature` is one of `message` by this key with `algorithm`.
    pub(crate) fn verifies(&self, algorithm: Algorithm, message: &[u8], signature: &Vec<u8>) -> bool {
        if !self.fits(algorithm) {
            return false;
        }
        match (&self.material, library_algorithm(algorithm)) {
            (Material::P521(key), None) => key.verify_sig(message, signature).is_ok(),
            // The provider by name: the library's choice of a default panics when a build enables a second one.
            (Material::Library(key), Some(algorithm)) => (aws_lc::DEFAULT_PROVIDER.verifier_factory)(&algorithm, key)
                .is_ok_and(|verifier| verifier.verify(message, signature).is_ok()),
            _ => false,
        }
    }
}

fn library_algorithm(algorithm: Algorithm) -> Option<jsonwebtoken::Algorithm> {
    Some(match algorithm {
        Algorithm::Rs256 => jsonwebtoken::Algorithm::RS256,
        Algorithm::Rs384 => jsonwebtoken::Algorithm::RS384,
        Algorithm::Rs512 => jsonwebtoken::Algorithm::RS512,
        Algorithm::Ps256 => jsonwebtoken::Algorithm::PS256,
        Algorithm::Ps384 => jsonwebtoken::Algorithm::PS384,
        Algorithm::Ps512 => jsonwebtoken::Algorithm::PS512,
        Algorithm::Es256 => jsonwebtoken::Algorithm::ES256,
        Algorithm::Es384 => jsonwebtoken::Algorithm::ES384,
        Algorithm::EdDsa => jsonwebtoken::Algorithm::EdDSA,
        Algorithm::Es512 => return None,
    })
}

/// What a JWK's parameters make: the algorithms that fit, the key, and its public bytes for the fingerprint.
type Parts = (Vec<Algorithm>, Material, Vec<u8>);

fn rsa(modulus: &[u8], exponent: &[u8]) -> Result<Parts, &'static str> {
    // RFC 7518 §6.3.1.1 wants no leading zero octets, but known issuers write one.
    let modulus = without_leading_zeros(modulus);
    let exponent = without_leading_zeros(exponent);
    let bits = modulus.first().map_or(0, |first| modulus.len() * 8 - first.leading_zeros() as usize);
    if !(2048..=8192).contains(&bits) {
        return Err("an RSA key must have 2048 to 8192 bits");
    }
    if exponent.last().is_none_or(|last| last % 2 == 0) || exponent == [1] {
        return Err("an RSA exponent must be odd and greater than 1");
    }
    RsaPublicKeyComponents { n: modulus, e: exponent }
        .to_parsed_public_key(&RSA_PKCS1_2048_8192_SHA256)
        .map_err(|_| "not an RSA key")?;
    let public = [modulus, b"\0RSA\0", exponent].concat();
    Ok((RSA.to_vec(), Material::Library(DecodingKey::from_rsa_raw_components(modulus, exponent)), public))
}

fn elliptic(curve: &str, x: &[u8], y: &[u8]) -> Result<Parts, &'static str> {
    let (algorithm, width, verification): (_, _, &'static dyn VerificationAlgorithm) = match curve {
        "P-256" => (Algorithm::Es256, 32, &ECDSA_P256_SHA256_FIXED),
        "P-384" => (Algorithm::Es384, 48, &ECDSA_P384_SHA384_FIXED),
        "P-521" => (Algorithm::Es512, 66, &ECDSA_P521_SHA512_FIXED),
        _ => return Err("unsupported `crv`"),
    };
    // RFC 7518 §6.2.1.2: coordinates have the full width of the curve.
    if x.len() != width || y.len() != width {
        return Err("a coordinate's length does not fit `crv`");
    }
    let point = [&[4], x, y].concat();
    let parsed = ParsedPublicKey::new(verification, &point).map_err(|_| "not a point of `crv`")?;
    let material = match algorithm {
        Algorithm::Es512 => Material::P521(parsed),
        _ => Material::Library(DecodingKey::from_ec_der(&point)),
    };
    Ok((vec![algorithm], material, point))
}

fn edwards(curve: &str, x: &[u8]) -> Result<Parts, &'static str> {
    if curve != "Ed25519" {
        return Err("unsupported `crv`");
    }
    ParsedPublicKey::new(&ED25519, x).map_err(|_| "not a point of `crv`")?;
    Ok((vec![Algorithm::EdDsa], Material::Library(DecodingKey::from_ed_der(x)), x.to_vec()))
}

fn bytes(text: Option<&str>, name: &'static str) -> Result<Vec<u8>, &'static str> {
    let missing = match name {
        "`n`" => "`n` is missing or not base64url",
        "`e`" => "`e` is missing or not base64url",
        "`x`" => "`x` is missing or not base64url",
        _ => "`y` is missing or not base64url",
    };
    text.and_then(|text| URL_SAFE_NO_PAD.decode(text).ok()).ok_or(missing)
}

fn without_leading_zeros(bytes: &[u8]) -> &[u8] {
    &bytes[bytes.iter().take_while(|byte| **byte == 0).count()..]
}
