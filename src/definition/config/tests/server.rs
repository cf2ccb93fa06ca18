//! `[server.tls]`.

use super::*;

#[test]
fn tls_has_both_files_or_none_and_names_where_it_makes_the_certificate() {
    for (tls, expected) in [
        ("", None),
        (r#"names = ["192.168.1.20", "::1", "dev.example.com"]"#, None),
        // Certificates lie where whoever renews them puts them.
        (r#"certificate = "../a.pem", private_key = "/etc/b.pem""#, None),
        (r#"certificate = "a.pem""#, Some("missing-key 6:7")),
        (r#"private_key = "a.pem""#, Some("missing-key 6:7")),
        (r#"names = ["a b"]"#, Some("invalid-value 6:17")),
        (r#"names = [""]"#, Some("invalid-value 6:17")),
        (r#"certificate = "a", private_key = "b", names = ["a"]"#, Some("without-effect 6:55")),
        (r#"key = "a""#, Some("unknown-key 6:9")),
    ] {
        check(&format!("[server]\ntls = {{ {tls} }}\n"), expected.as_slice());
    }
    check("[server]\nmode = \"production\"\ntls = { names = [\"a\"] }\n", &["without-effect 7:17"]);
    let folder = folder(&[]);
    let config = format!("{API}[server.tls]\ncertificate = \"a.pem\"\nprivate_key = \"/b.pem\"\n");
    fs::write(folder.path().join("config.toml"), config).expect("a file");
    let given = load(folder.path(), &[]).definition.expect("a definition").server.tls.given.expect("a certificate");
    assert_eq!(given.certificate.path, folder.path().join("a.pem"));
    assert_eq!(given.private_key.path, Path::new("/b.pem"));
}
