//! The protocol against numbers that another implementation computed: verifier and `SRP_B` with Python's integers, the proof with
//! the Python package pycognito as the client.

use super::*;

const TIMESTAMP: &str = "Sun Nov 22 15:39:07 UTC 2026";

/// One sign-in with everything random fixed. Long numbers are compared by the SHA-256 of their hexadecimal text.
struct Known {
    identity: &'static str,
    password: &'static str,
    salt: &'static str,
    client_private: &'static str,
    server_private: &'static str,
    verifier_hash: &'static str,
    srp_a_hash: &'static str,
    srp_b_hash: &'static str,
    secret_block: &'static str,
    signature: &'static str,
}

const KNOWN: [Known; 3] = [
    Known {
        identity: "Example01ann",
        password: "Correct-horse-1",
        salt: "10a1b2c3d4e5f60718293a4b5c6d7e8f",
        client_private: "4e1195df020de59e0d65a33a4279f1183e7ae4e5d980e309f8b55adff2e61c3e",
        server_private: "c02c0b965e023abee808f2b548d8d5193a8b5229be6f3121a6f16e2d41a449b3",
        verifier_hash: "725a06903361f6a656407cbc085e5106db1b9f803b325a6dab81c4e4abcbd6ce",
        srp_a_hash: "0162239006bd388f388fcd732da9d16cca5245e944119fffc4d797837f3790e2",
        srp_b_hash: "063293063f1f7c08fed2daa8300208fea4f08677fe0bf63f47c10e466905d2e9",
        secret_block: "rq7jRTf/p8jjNE01BC2eLMQgna4LzriXMfYsGxVIL6Wl3XdLFCaM96x4S2bWIm8Zpsl1XVhZiaZdjAmwXK+Y+Q==",
        signature: "VY82XgV2+3JA+SnDWpuaOKx+PKB9/DwWHXq637Z9neE=",
    },
    // A salt with a leading one bit, a password outside ASCII.
    Known {
        identity: "aB3dE6gH95f1c1f1e-3a6e-4c59-9a0e-5a1d2f3c4b5a",
        password: "pässwörd ☃ 1A-",
        salt: "f0e1d2c3b4a5968778695a4b3c2d1e0f",
        client_private: "f55ff16f66f43360266b95db6f8fec01d76031054306ae4a4b380598f6cfd114",
        server_private: "7dc96f776c8423e57a2785489a3f9c43fb6e756876d6ad9a9cac4aa4e72ec193",
        verifier_hash: "3a619e90afc86e49571be1b307e27f9423dd74c8b8db95beebc35d84ec8c52b4",
        srp_a_hash: "e44b64adf739cdb9612a6bb4186e36f09dec06a0a5f715af26152241c108a811",
        srp_b_hash: "a78277971dc32a04d363370904270fcd81926cd0acefae8b07a130cfd3256792",
        secret_block: "HRA10T1xHUApXK3z6v6p2pe1ELI/oqLPOYR2Gv/oqEeLfJZ7/Hlcvt2WM6GvPMhyA9zWSK0ukqLjIDOsJ9g43w==",
        signature: "LXWwFWTmZGoe+x1caOP+e/dfSnReXhJni4ez0ksqB34=",
    },
    Known {
        identity: "xZoë@example.com",
        password: "a",
        salt: "7f",
        client_private: "2c3a4249d77070058649dbd822dcaf7957586fce428cfb2ca88b94741eda8b07",
        server_private: "4814d92093ac8a0f4a2163ab87dee509ba306a58f5888be0edcb2fcd0712028b",
        verifier_hash: "a5dd02394a3094abaafb4581eb80485bca8a6a190fb2e5e4d7b478433c09f10c",
        srp_a_hash: "af0020a8b6f4c5c3d8980079579b60d3f22b0d4b1f8349b0aafcddbc77b73dde",
        srp_b_hash: "ae171191cdd2a6b4fbb9d33340c3d74a618e28c8c3aef99365a432562d270372",
        secret_block: "NhFqm6w1yA2E0ehb6ID2MDiofgnd88dOEO6auce17qkv4rz1P9xCYKZig4JtGGWOwL9GHU3zQDD6Prcbbs002Q==",
        signature: "vuzAm547n0dsaKpNy9B2yeqDBqU0zM2oCJfSgKB2jDM=",
    },
];

fn number(hex: &str) -> BigUint {
    BigUint::parse_bytes(hex.as_bytes(), 16).expect("hexadecimal")
}

fn hash(text: &str) -> String {
    random::sha256(text.as_bytes()).iter().map(|byte| format!("{byte:02x}")).collect()
}

#[test]
fn known_sign_ins_have_the_numbers_of_another_implementation() {
    for known in &KNOWN {
        let verifier = Verifier::with_salt(known.identity, known.password, &number(known.salt));
        assert_eq!(hash(&verifier.verifier), known.verifier_hash);
        assert!(verifier.matches(known.identity, known.password));
        assert!(!verifier.matches(known.identity, "other"));
        assert!(!verifier.matches("Example01bob", known.password));

        let srp_a = GROUP.g.modpow(&number(known.client_private), &GROUP.n).to_str_radix(16);
        assert_eq!(hash(&srp_a), known.srp_a_hash);
        let block = random::from_base64(known.secret_block).expect("Base64");
        let private = number(known.server_private).to_bytes_be();
        let start = |verifier: &Verifier| {
            Challenge::with(known.identity.to_owned(), verifier, &srp_a, &private, block.clone()).expect("a challenge")
        };
        let challenge = start(&verifier);
        assert_eq!(hash(&challenge.public_value()), known.srp_b_hash);
        assert_eq!((challenge.salt(), challenge.secret_block().as_str()), (known.salt, known.secret_block));

        let signature = random::from_base64(known.signature).expect("Base64");
        assert!(challenge.verify(TIMESTAMP, &signature));
        assert!(!challenge.verify("Sun Nov 22 15:39:08 UTC 2026", &signature));
        let mut tampered = signature.clone();
        tampered[31] ^= 1;
        assert!(!challenge.verify(TIMESTAMP, &tampered));
        assert!(!challenge.verify(TIMESTAMP, &signature[..31]));
        assert!(!challenge.verify(TIMESTAMP, &[]));
        let wrong = Verifier::with_salt(known.identity, "other", &number(known.salt));
        assert!(!start(&wrong).verify(TIMESTAMP, &signature));
    }
}

#[test]
fn public_values_that_fix_the_secret_are_refused() {
    let verifier = Verifier { salt: "10".to_owned(), verifier: "2".to_owned() };
    let n = String::from_utf8(N_HEX.to_vec()).expect("ASCII");
    let twice = (&GROUP.n * 2_u8).to_str_radix(16);
    for (srp_a, accepted) in [
        ("", false),
        ("0", false),
        ("000000", false),
        (&n, false),
        (&twice, false),
        (&"f".repeat(MAX_HEX + 1), false),
        ("-5", false),
        ("+5", false),
        ("0x5", false),
        ("5_5", false),
        ("g", false),
        ("٣", false),
        ("5", true),
        ("0005", true),
    ] {
        let challenge = Challenge::new("x".to_owned(), &verifier, srp_a).map(|_| ());
        assert_eq!(challenge, if accepted { Ok(()) } else { Err(ChallengeError::PublicValue) }, "{srp_a}");
    }
}

#[test]
fn salts_have_no_leading_zero_digit_and_no_leading_one_bit() {
    for first in 0..=255 {
        let mut bytes = [7; 16];
        bytes[0] = first;
        let salt = salt_of(bytes);
        assert_eq!(salt.to_str_radix(16).len(), 32, "{first}");
        assert_eq!(signed_bytes(&salt).len(), 16, "{first}");
    }
    assert_ne!(Verifier::new("x", "a"), Verifier::new("x", "a"));
}

#[test]
fn imaginary_users_keep_their_salt() {
    let (one, two) = ([1; 32], [2; 32]);
    assert_eq!(Verifier::imaginary(&one, "x"), Verifier::imaginary(&one, "x"));
    assert_ne!(Verifier::imaginary(&one, "x").salt, Verifier::imaginary(&one, "y").salt);
    assert_ne!(Verifier::imaginary(&one, "x").salt, Verifier::imaginary(&two, "x").salt);
}

#[test]
fn only_cognitos_form_of_a_time_is_one() {
    for (text, expected) in [
        (TIMESTAMP, true),
        ("Sun Nov 2 15:39:07 UTC 2026", true),
        ("Sun Nov 02 15:39:07 UTC 2026", true),
        ("Sun Nov  2 15:39:07 UTC 2026", false),
        ("So Nov 2 15:39:07 UTC 2026", false),
        ("Sun nov 2 15:39:07 UTC 2026", false),
        ("Sun Nov 32 15:39:07 UTC 2026", false),
        ("Sun Nov 0 15:39:07 UTC 2026", false),
        ("Sun Nov 2 24:39:07 UTC 2026", false),
        ("Sun Nov 2 5:39:07 UTC 2026", false),
        ("Sun Nov 2 15:39 UTC 2026", false),
        ("Sun Nov 2 15:39:07 CET 2026", false),
        ("Sun Nov 2 15:39:07 UTC 26", false),
        ("Sun Nov ٢ 15:39:07 UTC 2026", false),
        ("2026-11-22T15:39:07Z", false),
        ("", false),
    ] {
        assert_eq!(is_timestamp(text), expected, "{text}");
    }
}
