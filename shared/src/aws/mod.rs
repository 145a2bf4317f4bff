//! What the AWS clients share: region, credentials, endpoints and TLS roots, all from Lambda's environment.
//! The SDK's own loader and the operating system's 140 roots would slow down every start
//! (docs/decisions/0022-a-lean-start.md).

mod logs;

pub(crate) use logs::LogGroup;

use crate::config::ConfigError;
use aws_sdk_dynamodb::config::{
    BehaviorVersion, Credentials, Region, SharedCredentialsProvider, StalledStreamProtectionConfig,
};
use aws_smithy_http_client::Connector;
use aws_smithy_http_client::tls::rustls_provider::CryptoMode;
use aws_smithy_http_client::tls::{Provider, TlsContext, TrustStore};
use aws_smithy_runtime_api::client::http::{HttpConnectorSettings, SharedHttpConnector, http_client_fn};
use aws_types::SdkConfig;
use aws_types::service_config::{LoadServiceConfig, ServiceConfigKey};
use rustls::RootCertStore;
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject;
use std::time::Duration;

/// Amazon Trust Services' roots, in PEM.
const ROOTS: &[u8] = include_bytes!("roots.pem");

/// Allows for one lost packet, which TCP sends again after a second.
const CONNECTING: Duration = Duration::from_secs(2);

/// Variables that set the endpoint of one service.
const SERVICES: [&str; 2] = ["AWS_ENDPOINT_URL_DYNAMODB", "AWS_ENDPOINT_URL_SESV2"];

/// Reads the variables that Lambda sets (developer guide, "Defined runtime environment variables") and the
/// SDKs' own: `AWS_ENDPOINT_URL`, those in `SERVICES` and `AWS_CA_BUNDLE`.
pub fn sdk_config() -> Result<SdkConfig, ConfigError> {
    read(|name| std::env::var(name).ok())
}

fn read(get: impl Fn(&str) -> Option<String>) -> Result<SdkConfig, ConfigError> {
    let environment = Environment(get);
    let connector = http_connector(environment.roots()?)?;
    let mut config = SdkConfig::builder()
        .behavior_version(BehaviorVersion::v2026_01_12())
        .region(environment.get("AWS_REGION").map(Region::new))
        // One connector for all clients. The SDK's own client would parse the roots twice for each client.
        .http_client(http_client_fn(move |_, _| connector.clone()))
        // Every call has its own timeout. Watching each body as well costs work in every request.
        .stalled_stream_protection(StalledStreamProtectionConfig::disabled());
    config.set_endpoint_url(environment.get("AWS_ENDPOINT_URL"));
    config.set_credentials_provider(environment.credentials().map(SharedCredentialsProvider::new));
    let endpoints = SERVICES.iter().filter_map(|name| Some((*name, environment.get(name)?))).collect();
    Ok(config.service_config(Endpoints(endpoints)).build())
}

struct Environment<G>(G);

impl<G: Fn(&str) -> Option<String>> Environment<G> {
    fn get(&self, name: &str) -> Option<String> {
        self.0(name).filter(|value| !value.is_empty())
    }

    fn credentials(&self) -> Option<Credentials> {
        let (id, secret) = self.get("AWS_ACCESS_KEY_ID").zip(self.get("AWS_SECRET_ACCESS_KEY"))?;
        Some(Credentials::new(id, secret, self.get("AWS_SESSION_TOKEN"), None, "environment"))
    }

    fn roots(&self) -> Result<Vec<u8>, ConfigError> {
        self.get("AWS_CA_BUNDLE").map_or_else(|| Ok(ROOTS.to_vec()), |path| bundle(&path))
    }
}

fn http_connector(roots: Vec<u8>) -> Result<SharedHttpConnector, ConfigError> {
    let trust = TrustStore::empty().with_pem_certificate(roots);
    let context = TlsContext::builder().with_trust_store(trust).build();
    let context = context.map_err(|_| ConfigError(vec!["TLS has no context".to_owned()]))?;
    let connector = Connector::builder()
        .connector_settings(HttpConnectorSettings::builder().connect_timeout(CONNECTING).build())
        .tls_provider(Provider::Rustls(CryptoMode::Ring))
        .tls_context(context)
        .build();
    Ok(SharedHttpConnector::new(connector))
}

/// The bundle replaces `ROOTS`.
fn bundle(path: &str) -> Result<Vec<u8>, ConfigError> {
    let refused = || ConfigError(vec!["AWS_CA_BUNDLE must name a file of certificates in PEM".to_owned()]);
    let pem = std::fs::read(path).map_err(|_| refused())?;
    // The client would panic on a certificate that it cannot read.
    let mut roots = RootCertStore::empty();
    for certificate in CertificateDer::pem_slice_iter(&pem) {
        roots.add(certificate.map_err(|_| refused())?).map_err(|_| refused())?;
    }
    if roots.is_empty() { Err(refused()) } else { Ok(pem) }
}

/// Pairs of variable and endpoint.
#[derive(Debug)]
struct Endpoints(Vec<(&'static str, String)>);

impl LoadServiceConfig for Endpoints {
    fn load_config(&self, key: ServiceConfigKey<'_>) -> Option<String> {
        let name = format!("{}_{}", key.env(), key.service_id().to_uppercase());
        self.0.iter().find(|(known, _)| *known == name).map(|(_, endpoint)| endpoint.clone())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clock;
    use crate::domain::Timestamp;
    use aws_sdk_dynamodb::config::retry::RetryConfig;
    use aws_sdk_dynamodb::{Client, config};
    use chrono::{DateTime, Duration, NaiveDateTime, Utc};
    use rustls::pki_types::PrivateKeyDer;
    use rustls::{ServerConfig, ServerConnection, StreamOwned};
    use sha2::{Digest, Sha256};
    use std::fmt::Write as _;
    use std::io::{Read, Write};
    use std::net::TcpListener;
    use std::sync::Arc;

    /// The roots, with the fingerprint above each.
    fn roots() -> Vec<(String, CertificateDer<'static>)> {
        let text = str::from_utf8(ROOTS).unwrap().split_inclusive("-----END CERTIFICATE-----\n");
        let root = |text: &str| {
            let (above, _) = text.split_once("\n-----BEGIN").unwrap();
            let fingerprint = above.rsplit('\n').next().unwrap();
            (fingerprint.to_owned(), CertificateDer::from_pem_slice(text.as_bytes()).unwrap())
        };
        text.map(str::trim_start).filter(|text| !text.is_empty()).map(root).collect()
    }

    /// When a certificate expires: the second of its two times (RFC 5280, section 4.1.2.5), which are `UTCTime` until 2049.
    fn end(certificate: &[u8]) -> Timestamp {
        let times: Vec<_> = certificate.windows(15).filter(|part| part.starts_with(b"\x17\x0d")).collect();
        let end = NaiveDateTime::parse_from_str(str::from_utf8(&times[1][2..]).unwrap(), "%y%m%d%H%M%SZ");
        end.unwrap().and_utc()
    }

    #[test]
    fn each_root_has_the_fingerprint_above_it() {
        let roots = roots();
        assert_eq!(roots.len(), 5);
        for (fingerprint, certificate) in roots {
            let mut hash = String::new();
            for byte in Sha256::digest(&certificate) {
                write!(hash, "{byte:02x}").unwrap();
            }
            assert_eq!(hash, fingerprint);
            RootCertStore::empty().add(certificate).unwrap();
        }
    }

    #[test]
    fn the_first_root_expires_at_the_end_of_2037_and_not_within_two_years() {
        let first = roots().iter().map(|(_, certificate)| end(certificate)).min().unwrap();
        assert_eq!(first, "2037-12-31T23:59:59Z".parse::<DateTime<Utc>>().unwrap());
        assert!(first - clock::now() > Duration::days(730), "add the new roots to roots.pem");
    }

    fn read_from(pairs: &[(&str, &str)]) -> Result<SdkConfig, ConfigError> {
        read(|name| pairs.iter().find(|(key, _)| *key == name).map(|(_, value)| (*value).to_owned()))
    }

    #[test]
    fn a_service_has_its_own_endpoint_or_the_common_one() {
        const ALL: (&str, &str) = ("AWS_ENDPOINT_URL", "http://all");
        const OWN: (&str, &str) = ("AWS_ENDPOINT_URL_DYNAMODB", "http://own");
        const NONE: (&str, &str) = ("AWS_ENDPOINT_URL_DYNAMODB", "");
        let cases: [(&[_], _); 5] = [
            (&[], None),
            (&[ALL], Some("http://all")),
            (&[OWN], Some("http://own")),
            (&[ALL, OWN], Some("http://own")),
            (&[ALL, NONE], Some("http://all")),
        ];
        for (pairs, expected) in cases {
            let config = read_from(pairs).unwrap();
            // The lookup of the service's client.
            let service = ServiceConfigKey::builder().service_id("DynamoDB").env("AWS_ENDPOINT_URL");
            let service = service.profile("endpoint_url").build().unwrap();
            let own = config.service_config().unwrap().load_config(service);
            assert_eq!(own.as_deref().or(config.endpoint_url()), expected, "{pairs:?}");
        }
    }

    #[test]
    fn lambdas_variables_set_region_and_credentials() {
        let config = read_from(&[
            ("AWS_REGION", "eu-west-1"),
            ("AWS_ACCESS_KEY_ID", "id"),
            ("AWS_SECRET_ACCESS_KEY", "secret"),
            ("AWS_SESSION_TOKEN", "token"),
        ]);
        let config = config.unwrap();
        assert_eq!(config.region().map(Region::as_ref), Some("eu-west-1"));
        assert!(config.credentials_provider().is_some());
    }

    #[test]
    fn a_bundle_must_be_a_file_of_certificates() {
        assert_eq!(bundle("src/aws/roots.pem").unwrap(), ROOTS);
        for path in ["src/aws/none.pem", "src/aws/mod.rs", "src"] {
            let error = bundle(path).unwrap_err().to_string();
            assert!(error.ends_with("AWS_CA_BUNDLE must name a file of certificates in PEM"), "{error}");
        }
    }

    /// A table on `localhost` that accepts one connection. Returns its port and its certificate in PEM.
    fn table_on_tls() -> (u16, String) {
        let certified = rcgen::generate_simple_self_signed(["localhost".to_owned()]).unwrap();
        let key = PrivateKeyDer::try_from(certified.signing_key.serialize_der()).unwrap();
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let server = ServerConfig::builder_with_provider(provider).with_safe_default_protocol_versions();
        let server = server.unwrap().with_no_client_auth();
        let server = Arc::new(server.with_single_cert(vec![certified.cert.der().clone()], key).unwrap());
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        std::thread::spawn(move || {
            let (socket, _) = listener.accept().unwrap();
            let mut stream = StreamOwned::new(ServerConnection::new(server).unwrap(), socket);
            // A client that does not trust the certificate hangs up.
            if stream.read(&mut [0; 4096]).is_ok() {
                stream.write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\n{}").unwrap();
            }
        });
        (port, certified.cert.pem())
    }

    #[tokio::test]
    async fn only_amazon_or_the_bundle_is_trusted() {
        for is_named in [false, true] {
            let (port, certificate) = table_on_tls();
            let bundle = std::env::temp_dir().join(format!("seatkeeper-bundle-{port}.pem"));
            std::fs::write(&bundle, certificate).unwrap();
            let config = read_from(&[
                ("AWS_REGION", "eu-west-1"),
                ("AWS_ACCESS_KEY_ID", "id"),
                ("AWS_SECRET_ACCESS_KEY", "secret"),
                ("AWS_ENDPOINT_URL_DYNAMODB", &format!("https://localhost:{port}")),
                ("AWS_CA_BUNDLE", if is_named { bundle.to_str().unwrap() } else { "" }),
            ]);
            std::fs::remove_file(bundle).unwrap();
            let config = config::Builder::from(&config.unwrap()).retry_config(RetryConfig::disabled());
            let answer = Client::from_conf(config.build()).list_tables().send().await;
            assert_eq!(answer.is_ok(), is_named, "{answer:?}");
        }
    }
}
