//! Signed notes (c2sp.org/signed-note) and checkpoints (c2sp.org/tlog-checkpoint), Ed25519.

use crate::entry::hex;
use crate::error::{LedgerError, Result};
use crate::merkle::Hash;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use ed25519_dalek::{Signature, Signer as _, SigningKey, VerifyingKey};
use sha2::{Digest as _, Sha256};
use std::io::Write as _;
use std::path::Path;

/// The signature type byte of Ed25519 in a note's key.
const ED25519: u8 = 1;

fn fails(why: impl Into<String>) -> LedgerError {
    LedgerError::Proof(why.into())
}

/// A key that verifies: name and public key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NoteVerifier {
    name: String,
    key: VerifyingKey,
}

impl NoteVerifier {
    fn id(&self) -> [u8; 4] {
        let mut hasher = Sha256::new();
        hasher.update(self.name.as_bytes());
        hasher.update(b"\n");
        hasher.update([ED25519]);
        hasher.update(self.key.as_bytes());
        let hash: Hash = hasher.finalize().into();
        [hash[0], hash[1], hash[2], hash[3]]
    }

    /// The name: the origin of the log.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The key as text: `<name>+<id>+<base64 of type and key>`.
    #[must_use]
    pub fn to_text(&self) -> String {
        let mut raw = vec![ED25519];
        raw.extend_from_slice(self.key.as_bytes());
        format!("{}+{}+{}", self.name, hex(&self.id()), BASE64.encode(raw))
    }

    /// Reads the text form.
    ///
    /// # Errors
    /// The text has not the form, or its id is not that of the key.
    pub fn parse(text: &str) -> Result<Self> {
        let malformed = || fails("a verifier key has the form <name>+<id>+<key>");
        let mut parts = text.trim().splitn(3, '+');
        let (name, id, key) = (parts.next(), parts.next(), parts.next());
        let (Some(name), Some(id), Some(key)) = (name, id, key) else { return Err(malformed()) };
        let raw = BASE64.decode(key).map_err(|_| malformed())?;
        let [ED25519, key @ ..] = raw.as_slice() else { return Err(fails("the verifier key is not of Ed25519")) };
        let key: [u8; 32] = key.try_into().map_err(|_| malformed())?;
        let key = VerifyingKey::from_bytes(&key).map_err(|_| fails("the verifier key is no point of the curve"))?;
        let verifier = Self { name: name.to_owned(), key };
        if hex(&verifier.id()) != id {
            Err(fails("the verifier key's id is not that of its key"))
        } else {
            Ok(verifier)
        }
    }

    /// Checks a note and gives its text.
    ///
    /// # Errors
    /// The note has not the form, carries no signature of this key, or a wrong one.
    pub fn open<'a>(&self, note: &'a str) -> Result<&'a str> {
        let at = note.rfind("\n\n").ok_or_else(|| fails("the note has no signature"))?;
        let (text, signatures) = (&note[..=at], &note[at + 2..]);
        if !signatures.ends_with('\n') {
            return Err(fails("the note is cut off"));
        }
        for line in signatures.lines() {
            let rest = line.strip_prefix("\u{2014} ").ok_or_else(|| fails("a signature line is malformed"))?;
            let (name, value) = rest.split_once(' ').ok_or_else(|| fails("a signature line is malformed"))?;
            let raw = BASE64.decode(value).map_err(|_| fails("a signature is not base64"))?;
            if name != self.name || raw.len() != 68 || raw[..4] != self.id() {
                continue;
            }
            let signature = Signature::from_slice(&raw[4..]).map_err(|_| fails("a signature is malformed"))?;
            self.key.verify_strict(text.as_bytes(), &signature).map_err(|_| fails("the note's signature is wrong"))?;
            return Ok(text);
        }
        Err(fails(format!("the note carries no signature of {}", self.name)))
    }
}

/// A key that signs.
#[derive(Clone)]
pub(crate) struct NoteSigner {
    key: SigningKey,
    verifier: NoteVerifier,
}

impl NoteSigner {
    pub(crate) fn new(name: &str, seed: [u8; 32]) -> Result<Self> {
        if name.is_empty() || name.contains(|c: char| c.is_whitespace() || c == '+') {
            return Err(LedgerError::refused(format!(
                "origin {name:?} must not be empty nor hold white space or a plus"
            )));
        }
        let key = SigningKey::from_bytes(&seed);
        let verifier = NoteVerifier { name: name.to_owned(), key: key.verifying_key() };
        Ok(Self { key, verifier })
    }

    /// Reads the key file, or makes it: private to the owner, complete or not there at all.
    pub(crate) fn load_or_make(path: &Path, name: &str) -> Result<Self> {
        match read_seed(path) {
            Ok(Some(seed)) => Self::new(name, seed),
            Ok(None) => {
                let mut seed = [0; 32];
                random(&mut seed)?;
                write_seed(path, &seed)?;
                // Another process may have been first; what lies there now is the key.
                let seed = read_seed(path)?.ok_or_else(|| LedgerError::refused("the key file vanished"))?;
                Self::new(name, seed)
            }
            Err(error) => Err(error),
        }
    }

    /// Reads the key file where there is one; never makes it.
    pub(crate) fn load(path: &Path, name: &str) -> Result<Option<Self>> {
        read_seed(path)?.map(|seed| Self::new(name, seed)).transpose()
    }

    pub(crate) fn verifier(&self) -> &NoteVerifier {
        &self.verifier
    }

    /// Signs a text, which ends in a line feed.
    pub(crate) fn sign(&self, text: &str) -> String {
        let mut raw = self.verifier.id().to_vec();
        raw.extend_from_slice(&self.key.sign(text.as_bytes()).to_bytes());
        format!("{text}\n\u{2014} {} {}\n", self.verifier.name, BASE64.encode(raw))
    }
}

/// First word of the key file, so that nobody takes it for another kind of secret.
const KEY_PREFIX: &str = "mainstay-ledger-key-v1 ";

fn read_seed(path: &Path) -> Result<Option<[u8; 32]>> {
    let text = match crate::disk::read(path) {
        Ok(Some(bytes)) => String::from_utf8_lossy(&bytes).into_owned(),
        Ok(None) => return Ok(None),
        Err(error) => return Err(error),
    };
    let malformed = || fails(format!("{} is no signing key of a ledger", path.display()));
    let raw = BASE64.decode(text.trim().strip_prefix(KEY_PREFIX).ok_or_else(malformed)?).map_err(|_| malformed())?;
    raw.try_into().map(Some).map_err(|_| malformed())
}

fn write_seed(path: &Path, seed: &[u8; 32]) -> Result<()> {
    crate::disk::create_private(path, |file| {
        writeln!(file, "{KEY_PREFIX}{}", BASE64.encode(seed))?;
        file.sync_all()
    })
}

/// Fills with bytes of the system's random source.
pub(crate) fn random(bytes: &mut [u8]) -> Result<()> {
    crate::disk::random(bytes)
}

/// What a checkpoint says: so many entries, with this root.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Checkpoint {
    /// The log's name.
    pub origin: String,
    /// Number of entries.
    pub size: u64,
    /// Root of the tree.
    pub root: Hash,
}

impl Checkpoint {
    /// The note's text.
    pub(crate) fn to_text(&self) -> String {
        format!("{}\n{}\n{}\n", self.origin, self.size, BASE64.encode(self.root))
    }

    /// Checks a signed checkpoint and reads it.
    ///
    /// # Errors
    /// The signature is not the key's, or the text is no checkpoint.
    pub fn open(note: &str, verifier: &NoteVerifier) -> Result<Self> {
        let text = verifier.open(note)?;
        let malformed = || fails("the note is no checkpoint");
        let mut lines = text.lines();
        let (origin, size, root) = (lines.next(), lines.next(), lines.next());
        let (Some(origin), Some(size), Some(root)) = (origin, size, root) else { return Err(malformed()) };
        if origin != verifier.name {
            return Err(fails(format!("the checkpoint is of {origin}, not of {}", verifier.name)));
        }
        let parsed: u64 = size.parse().map_err(|_| malformed())?;
        if parsed.to_string() != size {
            return Err(malformed());
        }
        let root = BASE64.decode(root).ok().and_then(|raw| raw.try_into().ok()).ok_or_else(malformed)?;
        Ok(Self { origin: origin.to_owned(), size: parsed, root })
    }
}
