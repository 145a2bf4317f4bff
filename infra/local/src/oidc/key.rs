//! The issuer's signing key: RSA-2048, made at start, never stored.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use getrandom::SysRng;
use rsa::pkcs1v15::{Signature, SigningKey as Pkcs1SigningKey, VerifyingKey};
use rsa::signature::{SignatureEncoding, Signer, Verifier};
use rsa::traits::PublicKeyParts;
use rsa::{PrivateKey, PublicKey};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

#[derive(Debug, thiserror::Error)]
pub enum KeyError {
    #[error("no signing key could be made")]
    Generate,
    #[error("the token could not be signed")]
    Sign,
}

pub(crate) struct SigningKey {
    signer: Pkcs1SigningKey<Sha256>,
    public: PublicKey,
    id: String,
}

impl std::fmt::Debug for SigningKey {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.debug_struct("SigningKey").field("id", &self.id).finish_non_exhaustive()
    }
}

impl SigningKey {
    pub(crate) fn generate() -> Result<Self, KeyError> {
        let private = PrivateKey::new(&mut SysRng, 2048).map_err(|_| KeyError::Generate)?;
        let public = private.to_public_key();
        let id = URL_SAFE_NO_PAD.encode(Sha256::digest(public.n_bytes()));
        Ok(Self { signer: Pkcs1SigningKey::new(private), public, id })
    }

    pub(crate) fn jwk(&self) -> Value {
        json!({
            "kty": "RSA",
            "use": "sig",
            "alg": "RS256",
            "kid": self.id,
            "n": URL_SAFE_NO_PAD.encode(self.public.n_bytes()),
            "e": URL_SAFE_NO_PAD.encode(self.public.e_bytes()),
        })
    }

    /// What a verifier needs of the key.
    pub(crate) fn verification_key(&self) -> VerificationKey {
        VerificationKey { id: self.id.clone(), key: VerifyingKey::new(self.public.clone()) }
    }

    pub(crate) fn sign(&self, claims: &Value) -> Result<String, KeyError> {
        let header = json!({ "alg": "RS256", "typ": "JWT", "kid": self.id });
        let encoded = |part: &Value| URL_SAFE_NO_PAD.encode(part.to_string());
        let message = format!("{}.{}", encoded(&header), encoded(claims));
        let signature = self.signer.try_sign(message.as_bytes()).map_err(|_| KeyError::Sign)?;
        Ok(format!("{message}.{}", URL_SAFE_NO_PAD.encode(signature.to_bytes())))
    }
}

/// The key that checks what a [`SigningKey`] signed with RS256.
#[derive(Debug)]
pub(crate) struct VerificationKey {
    /// The key's id, as the header of a token names it.
    pub(crate) id: String,
    key: VerifyingKey<Sha256>,
}

impl VerificationKey {
    /// Whether this is the key's signature of the message.
    pub(crate) fn verifies(&self, message: &str, signature: &[u8]) -> bool {
        Signature::try_from(signature)
            .is_ok_and(|signature| self.key.verify(message.as_bytes(), &signature).is_ok())
    }
}
