//! Keys and what they sign, by the algorithms of RFC 7518 and RFC 8037. A key never verifies what is signed by an
//! algorithm of another family, so that a public key cannot be passed off as a shared secret.

use hmac::{Hmac, KeyInit, Mac};
use p256::ecdsa::signature::hazmat::{PrehashSigner, PrehashVerifier};
use ring::rand::SystemRandom;
use ring::rsa::{KeyPairComponents, PublicKeyComponents};
use ring::signature as rsa;
use sha2::{Digest, Sha256, Sha384, Sha512};

/// A digest of the SHA-2 family, by its length.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Hash {
    Sha256,
    Sha384,
    Sha512,
}

impl Hash {
    fn digest(self, message: &[u8]) -> Vec<u8> {
        match self {
            Self::Sha256 => Sha256::digest(message).to_vec(),
            Self::Sha384 => Sha384::digest(message).to_vec(),
            Self::Sha512 => Sha512::digest(message).to_vec(),
        }
    }

    /// The message authentication code of a message under a secret.
    pub fn code(self, secret: &[u8], message: &[u8]) -> Vec<u8> {
        fn code<M: Mac + KeyInit>(secret: &[u8], message: &[u8]) -> Vec<u8> {
            // Such a code takes secrets of every length.
            M::new_from_slice(secret)
                .map_or_else(|_| Vec::new(), |mac| mac.chain_update(message).finalize().into_bytes().to_vec())
        }
        match self {
            Self::Sha256 => code::<Hmac<Sha256>>(secret, message),
            Self::Sha384 => code::<Hmac<Sha384>>(secret, message),
            Self::Sha512 => code::<Hmac<Sha512>>(secret, message),
        }
    }
}

/// How something is signed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Algorithm {
    /// HMAC with a shared secret.
    Hs(Hash),
    /// RSA with PKCS #1 v1.5.
    Rs(Hash),
    /// RSA with PSS.
    Ps(Hash),
    /// ECDSA.
    Es(Hash),
    /// Ed25519.
    Ed,
}

impl Algorithm {
    /// By its name in the header of a token.
    pub fn of(name: &str) -> Option<Self> {
        let hash = match name.get(2..)? {
            "256" => Hash::Sha256,
            "384" => Hash::Sha384,
            "512" => Hash::Sha512,
            _ => return (name == "EdDSA").then_some(Self::Ed),
        };
        Some(match name.get(..2)? {
            "HS" => Self::Hs(hash),
            "RS" => Self::Rs(hash),
            "PS" => Self::Ps(hash),
            "ES" => Self::Es(hash),
            _ => return None,
        })
    }
}

/// A curve of elliptic keys.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Curve {
    P256,
    P384,
    P521,
}

impl Curve {
    /// How many bytes a coordinate or a secret number takes.
    pub fn width(self) -> usize {
        match self {
            Self::P256 => 32,
            Self::P384 => 48,
            Self::P521 => 66,
        }
    }
}

/// What verifies.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Key {
    /// Modulus and exponent, the greatest byte first, without zeros before it.
    Rsa {
        n: Vec<u8>,
        e: Vec<u8>,
    },
    /// A point as SEC 1 writes it.
    Ec(Curve, Vec<u8>),
    Ed(Vec<u8>),
    Secret(Vec<u8>),
}

impl Key {
    /// Whether a signature is one of this key over a message. What cannot be read as a signature is none.
    pub fn verifies(&self, algorithm: Algorithm, message: &[u8], signature: &[u8]) -> bool {
        match (self, algorithm) {
            (Self::Secret(secret), Algorithm::Hs(hash)) => equal(&hash.code(secret, message), signature),
            (Self::Rsa { n, e }, Algorithm::Rs(hash)) => {
                // Keys of 1024 bits still sign in the wild, and OPA takes them; the library has no SHA-384 for these.
                let parameters = match hash {
                    Hash::Sha256 => &rsa::RSA_PKCS1_1024_8192_SHA256_FOR_LEGACY_USE_ONLY,
                    Hash::Sha384 => &rsa::RSA_PKCS1_2048_8192_SHA384,
                    Hash::Sha512 => &rsa::RSA_PKCS1_1024_8192_SHA512_FOR_LEGACY_USE_ONLY,
                };
                PublicKeyComponents { n, e }.verify(parameters, message, signature).is_ok()
            }
            (Self::Rsa { n, e }, Algorithm::Ps(hash)) => {
                let parameters = match hash {
                    Hash::Sha256 => &rsa::RSA_PSS_2048_8192_SHA256,
                    Hash::Sha384 => &rsa::RSA_PSS_2048_8192_SHA384,
                    Hash::Sha512 => &rsa::RSA_PSS_2048_8192_SHA512,
                };
                PublicKeyComponents { n, e }.verify(parameters, message, signature).is_ok()
            }
            (Self::Ec(curve, point), Algorithm::Es(hash)) => {
                verifies_ec(*curve, point, &hash.digest(message), signature).unwrap_or(false)
            }
            (Self::Ed(key), Algorithm::Ed) => {
                rsa::UnparsedPublicKey::new(&rsa::ED25519, key).verify(message, signature).is_ok()
            }
            _ => false,
        }
    }
}

/// A signature is both of its numbers, in a row and of the curve's width; `None` where key or signature is none.
fn verifies_ec(curve: Curve, point: &[u8], digest: &[u8], signature: &[u8]) -> Option<bool> {
    Some(match curve {
        Curve::P256 => {
            let key = p256::ecdsa::VerifyingKey::from_sec1_bytes(point).ok()?;
            key.verify_prehash(digest, &p256::ecdsa::Signature::from_slice(signature).ok()?).is_ok()
        }
        Curve::P384 => {
            let key = p384::ecdsa::VerifyingKey::from_sec1_bytes(point).ok()?;
            key.verify_prehash(digest, &p384::ecdsa::Signature::from_slice(signature).ok()?).is_ok()
        }
        Curve::P521 => {
            let key = p521::ecdsa::VerifyingKey::from_sec1_bytes(point).ok()?;
            key.verify_prehash(digest, &p521::ecdsa::Signature::from_slice(signature).ok()?).is_ok()
        }
    })
}

/// Takes the same time wherever two texts of one length differ.
fn equal(one: &[u8], other: &[u8]) -> bool {
    one.len() == other.len() && one.iter().zip(other).fold(0, |all, (a, b)| all | (a ^ b)) == 0
}

/// What signs.
pub(super) enum Signer {
    /// With all parts of the Chinese remainder form: p, q, dp, dq and qi, behind n, e and d.
    Rsa(Box<[Vec<u8>; 8]>),
    Ec(Curve, Vec<u8>),
    Ed(Vec<u8>),
    Secret(Vec<u8>),
}

impl Signer {
    /// The signature over a message. Only PSS draws random numbers; ECDSA derives its own from key and message (RFC 6979),
    /// so that a policy gives the same answer every time.
    pub fn sign(&self, algorithm: Algorithm, message: &[u8]) -> Result<Vec<u8>, String> {
        match (self, algorithm) {
            (Self::Secret(secret), Algorithm::Hs(hash)) => Ok(hash.code(secret, message)),
            (Self::Rsa(parts), Algorithm::Rs(_) | Algorithm::Ps(_)) => sign_rsa(parts, algorithm, message),
            (Self::Ec(curve, secret), Algorithm::Es(hash)) => sign_ec(*curve, secret, hash, message),
            (Self::Ed(seed), Algorithm::Ed) => {
                let pair = rsa::Ed25519KeyPair::from_seed_unchecked(seed).map_err(|error| error.to_string())?;
                Ok(pair.sign(message).as_ref().to_vec())
            }
            _ => Err("the key does not sign by this algorithm".to_owned()),
        }
    }
}

fn sign_rsa(parts: &[Vec<u8>; 8], algorithm: Algorithm, message: &[u8]) -> Result<Vec<u8>, String> {
    let [n, e, d, p, q, dp, dq, qi] = parts;
    let components = KeyPairComponents { public_key: PublicKeyComponents { n, e }, d, p, q, dP: dp, dQ: dq, qInv: qi };
    let pair = rsa::RsaKeyPair::from_components(&components).map_err(|error| error.to_string())?;
    let encoding: &dyn rsa::RsaEncoding = match algorithm {
        Algorithm::Rs(Hash::Sha256) => &rsa::RSA_PKCS1_SHA256,
        Algorithm::Rs(Hash::Sha384) => &rsa::RSA_PKCS1_SHA384,
        Algorithm::Rs(Hash::Sha512) => &rsa::RSA_PKCS1_SHA512,
        Algorithm::Ps(Hash::Sha256) => &rsa::RSA_PSS_SHA256,
        Algorithm::Ps(Hash::Sha384) => &rsa::RSA_PSS_SHA384,
        Algorithm::Ps(Hash::Sha512) => &rsa::RSA_PSS_SHA512,
        _ => return Err("the key does not sign by this algorithm".to_owned()),
    };
    let mut signature = vec![0; pair.public().modulus_len()];
    let signed = pair.sign(encoding, &SystemRandom::new(), message, &mut signature);
    signed.map_err(|_| "the key could not sign".to_owned())?;
    Ok(signature)
}

pub(super) fn sign_ec(curve: Curve, secret: &[u8], hash: Hash, message: &[u8]) -> Result<Vec<u8>, String> {
    let wrong = |_| "the key is none of its curve".to_owned();
    let digest = hash.digest(message);
    match (curve, hash) {
        (Curve::P256, Hash::Sha256) => {
            let key = p256::ecdsa::SigningKey::from_slice(secret).map_err(wrong)?;
            let signature: p256::ecdsa::Signature = key.sign_prehash(&digest).map_err(wrong)?;
            Ok(signature.to_bytes().to_vec())
        }
        (Curve::P384, Hash::Sha384) => {
            let key = p384::ecdsa::SigningKey::from_slice(secret).map_err(wrong)?;
            let signature: p384::ecdsa::Signature = key.sign_prehash(&digest).map_err(wrong)?;
            Ok(signature.to_bytes().to_vec())
        }
        (Curve::P521, Hash::Sha512) => {
            let key = p521::ecdsa::SigningKey::from_slice(secret).map_err(wrong)?;
            let signature: p521::ecdsa::Signature = key.sign_prehash(&digest).map_err(wrong)?;
            Ok(signature.to_bytes().to_vec())
        }
        _ => Err("the algorithm is not that of the key's curve".to_owned()),
    }
}
