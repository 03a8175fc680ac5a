//! Certificates of a server for one test.

use anyhow::Result;
use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, DnType, IsCa, KeyPair};

/// A server's certificate for `localhost`, who signed it, and who did not; all as PEM.
#[derive(Debug)]
pub struct Certificates {
    /// The authority that signed the server's certificate.
    pub authority: String,
    /// An authority that signed nothing.
    pub stranger: String,
    /// The server's certificate.
    pub server: String,
    /// Its private key.
    pub server_key: String,
}

impl Certificates {
    /// Makes them; nobody else ever trusts them.
    ///
    /// # Errors
    /// When no key can be made.
    pub fn make() -> Result<Self> {
        let (authority, stranger) = (authority("signs")?, authority("signs nothing")?);
        let server_key = KeyPair::generate()?;
        let server =
            CertificateParams::new(vec!["localhost".to_owned()])?.signed_by(&server_key, &authority)?;
        Ok(Self {
            authority: authority.pem(),
            stranger: stranger.pem(),
            server: server.pem(),
            server_key: server_key.serialize_pem(),
        })
    }
}

fn authority(name: &str) -> Result<CertifiedIssuer<'static, KeyPair>> {
    let mut params = CertificateParams::new(Vec::new())?;
    params.distinguished_name.push(DnType::CommonName, name);
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    Ok(CertifiedIssuer::self_signed(params, KeyPair::generate()?)?)
}
