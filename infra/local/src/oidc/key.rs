//! The issuer's RSA key, and the JSON Web Tokens that it signs with RS256. The key is new at each start and never stored.
//!
//! The crate `jsonwebtoken` would not be smaller: it creates no keys, reads the clock itself, and needs second versions of
//! `rsa`, `sha2`, `hmac` and `signature`.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use getrandom::SysRng;
use rsa::pkcs1v15::{Signature, SigningKey, VerifyingKey};
use rsa::signature::{Keypair, SignatureEncoding, Signer, Verifier};
use rsa::traits::PublicKeyParts;
use rsa::{PrivateKey, PublicKey};
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::{Map, Value, json};
use sha2::{Digest, Sha256};

#[derive(Clone)]
pub(crate) struct Key {
    /// The key's id in the headers of tokens (`kid`).
    pub(crate) id: String,
    signer: SigningKey<Sha256>,
    verifier: VerifyingKey<Sha256>,
}

/// A token's header (RFC 7515, section 4). A key that the token itself brings or points to is ignored.
#[derive(Deserialize)]
struct Header {
    alg: String,
    kid: Option<String>,
}

impl Key {
    pub(crate) fn generate() -> rsa::Result<Self> {
        let private = PrivateKey::new(&mut SysRng, 2048)?;
        let id = URL_SAFE_NO_PAD.encode(Sha256::digest(private.n_bytes()));
        let signer = SigningKey::new(private);
        Ok(Self { id, verifier: signer.verifying_key(), signer })
    }

    pub(crate) fn jwk(&self) -> Value {
        let public: &PublicKey = self.verifier.as_ref();
        json!({
            "kty": "RSA",
            "use": "sig",
            "alg": "RS256",
            "kid": self.id,
            "n": URL_SAFE_NO_PAD.encode(public.n_bytes()),
            "e": URL_SAFE_NO_PAD.encode(public.e_bytes()),
        })
    }

    pub(crate) fn sign(&self, claims: &Value) -> String {
        self.sign_under(&json!({ "alg": "RS256", "typ": "JWT", "kid": self.id }), claims)
    }

    /// Signs with RS256, also if the header says otherwise.
    pub(crate) fn sign_under(&self, header: &Value, claims: &Value) -> String {
        let encoded = |part: &Value| URL_SAFE_NO_PAD.encode(part.to_string());
        let message = format!("{}.{}", encoded(header), encoded(claims));
        let signature = self.signer.sign(message.as_bytes());
        format!("{message}.{}", URL_SAFE_NO_PAD.encode(signature.to_bytes()))
    }

    /// The claims of a token that this key signed. The error says what is wrong with another token.
    pub(crate) fn verify(&self, token: &str) -> Result<Map<String, Value>, &'static str> {
        let (message, signature) = token.rsplit_once('.').ok_or(UNREADABLE)?;
        let (header, claims) = message.split_once('.').ok_or(UNREADABLE)?;
        let header: Header = decoded(header)?;
        if header.alg != "RS256" {
            return Err("signing method is not RS256");
        }
        if header.kid.as_ref() != Some(&self.id) {
            return Err("unknown key id");
        }
        let signature = URL_SAFE_NO_PAD.decode(signature).map_err(|_| FORGED)?;
        let signature = Signature::try_from(signature.as_slice()).map_err(|_| FORGED)?;
        self.verifier.verify(message.as_bytes(), &signature).map_err(|_| FORGED)?;
        decoded(claims)
    }
}

const UNREADABLE: &str = "the token can't be read";
const FORGED: &str = "the signature is invalid";

/// A part of a token: JSON in base64url without padding.
pub(super) fn decoded<T: DeserializeOwned>(part: &str) -> Result<T, &'static str> {
    let json = URL_SAFE_NO_PAD.decode(part).map_err(|_| UNREADABLE)?;
    serde_json::from_slice(&json).map_err(|_| UNREADABLE)
}
