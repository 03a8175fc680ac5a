//! TLS to the database: what `sslmode` and `sslrootcert` accept and refuse.

use testkit::postgres::{Certificates, Cluster};

use super::BINARY;

/// The server's certificate is for `localhost`, signed by an authority that no machine knows, and it takes no connection
/// without TLS.
#[test]
fn a_connection_is_as_safe_as_sslmode_says() {
    let certificates = Certificates::make().unwrap();
    let cluster = Cluster::start_with_tls(&certificates).unwrap();
    let folder = tempfile::tempdir().unwrap();
    let file = |name: &str, text: &str| {
        let path = folder.path().join(name);
        std::fs::write(&path, text).unwrap();
        format!("&sslrootcert={}", path.display())
    };
    let authority = file("authority.pem", &certificates.authority);
    let stranger = file("stranger.pem", &certificates.stranger);
    let migrate = |host: &str, parameters: String| {
        let url = format!("postgres://enmusubi@{host}:{}/postgres?{parameters}", cluster.port());
        let mut command = std::process::Command::new(BINARY);
        command.current_dir(folder.path()).args(["migrate", "--database", &url]);
        let output = command.output().unwrap();
        (output.status.success(), String::from_utf8_lossy(&output.stderr).into_owned())
    };
    for (host, parameters) in [
        ("localhost", "sslmode=prefer".to_owned()),
        ("localhost", "sslmode=require".to_owned()),
        ("127.0.0.1", "sslmode=require".to_owned()),
        ("localhost", format!("sslmode=verify-ca{authority}")),
        ("127.0.0.1", format!("sslmode=verify-ca{authority}")),
        ("localhost", format!("sslmode=verify-full{authority}")),
    ] {
        let (opened, told) = migrate(host, parameters.clone());
        assert!(opened, "{host} {parameters}: {told}");
    }
    for (host, parameters, why) in [
        ("localhost", "sslmode=disable".to_owned(), "refuses"),
        // Signed by nobody that is known here.
        ("localhost", "sslmode=verify-ca".to_owned(), "TLS"),
        ("localhost", "sslmode=verify-full".to_owned(), "TLS"),
        ("localhost", format!("sslmode=verify-ca{stranger}"), "TLS"),
        ("localhost", format!("sslmode=verify-full{stranger}"), "TLS"),
        // Another name than that of the certificate.
        ("127.0.0.1", format!("sslmode=verify-full{authority}"), "TLS"),
    ] {
        let (opened, told) = migrate(host, parameters.clone());
        assert!(!opened && told.contains(why), "{host} {parameters}: {told}");
    }
}
