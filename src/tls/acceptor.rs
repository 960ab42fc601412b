use std::fmt;
use std::io;
use std::path::Path;
use std::sync::Arc;

use rcgen::{CertificateParams, DistinguishedName, DnType, KeyPair};
use rustls::ServerConfig;
use rustls::client::verify_server_name;
use rustls::server::ParsedCertificate;
use rustls_pki_types::pem::PemObject;
use rustls_pki_types::{CertificateDer, PrivateKeyDer, ServerName};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio_rustls::TlsAcceptor;

use super::{Fingerprint, ServerStream, TlsError, provider};

/// What is spoken over TLS, as it is agreed on with whoever asks (RFC 7301).
const PROTOCOLS: [&[u8]; 2] = [b"h2", b"http/1.1"];

/// A server's certificate and key.
#[derive(Clone)]
pub struct Acceptor {
    inner: TlsAcceptor,
    certificate: CertificateDer<'static>,
}

impl Acceptor {
    /// A chain of certificates, the server's first, and its key, in files of PEM.
    pub fn from_files(certificate: &Path, key: &Path) -> Result<Self, TlsError> {
        let unusable = |path: &Path, reason: String| TlsError::Unusable { path: path.to_owned(), reason };
        let read = |path: &Path| std::fs::read(path).map_err(|e| unusable(path, e.to_string()));
        let chain: Result<Vec<_>, _> = CertificateDer::pem_slice_iter(&read(certificate)?).collect();
        let chain = chain.map_err(|e| unusable(certificate, e.to_string()))?;
        let private = PrivateKeyDer::from_pem_slice(&read(key)?);
        let private = private.map_err(|_| unusable(key, "there is no private key in it".to_owned()))?;
        Self::new(chain, private).map_err(|reason| unusable(certificate, reason))
    }

    /// What [`self_signed`] has made.
    pub fn from_pem(pair: &str) -> Result<Self, TlsError> {
        let chain: Result<Vec<_>, _> = CertificateDer::pem_slice_iter(pair.as_bytes()).collect();
        let chain = chain.map_err(|e| TlsError::Certificate(e.to_string()))?;
        let key = PrivateKeyDer::from_pem_slice(pair.as_bytes());
        let key = key.map_err(|_| TlsError::Certificate("there is no private key".to_owned()))?;
        Self::new(chain, key).map_err(TlsError::Certificate)
    }

    fn new(chain: Vec<CertificateDer<'static>>, key: PrivateKeyDer<'static>) -> Result<Self, String> {
        let certificate = chain.first().ok_or("there is no certificate in it")?.clone();
        let config = ServerConfig::builder_with_provider(provider()).with_safe_default_protocol_versions();
        let config = config.and_then(|config| config.with_no_client_auth().with_single_cert(chain, key));
        let mut config = config.map_err(|e| e.to_string())?;
        config.alpn_protocols = PROTOCOLS.map(<[u8]>::to_vec).into();
        Ok(Self { inner: TlsAcceptor::from(Arc::new(config)), certificate })
    }

    /// What a client can know the certificate by.
    pub fn fingerprint(&self) -> Fingerprint {
        Fingerprint::of(&self.certificate)
    }

    /// Whether the certificate is for that name.
    pub fn is_for(&self, name: &str) -> bool {
        let (certificate, name) =
            (ParsedCertificate::try_from(&self.certificate), ServerName::try_from(name));
        certificate.is_ok_and(|it| name.is_ok_and(|name| verify_server_name(&it, &name).is_ok()))
    }

    /// Encrypts a server's end.
    pub async fn accept<S>(&self, stream: S) -> io::Result<ServerStream<S>>
    where
        S: AsyncRead + AsyncWrite + Unpin,
    {
        self.inner.accept(stream).await
    }
}

impl fmt::Debug for Acceptor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Acceptor").field(&self.fingerprint()).finish()
    }
}

/// A new key and a certificate that vouches for itself, as PEM. To be kept where nobody else can read it.
pub fn self_signed() -> Result<String, TlsError> {
    let failed = |e: rcgen::Error| TlsError::Certificate(e.to_string());
    let mut params = CertificateParams::new(["localhost".to_owned()]).map_err(failed)?;
    params.distinguished_name = DistinguishedName::new();
    params.distinguished_name.push(DnType::CommonName, "adjutant");
    let key = KeyPair::generate().map_err(failed)?;
    let certificate = params.self_signed(&key).map_err(failed)?;
    Ok(certificate.pem() + &key.serialize_pem())
}
