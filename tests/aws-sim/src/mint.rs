//! How do AWS's secrets look? Realistic random values from one seeded generator per world.

use fastrand::Rng;

const BASE32: &[u8] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";
const BASE64URL: &[u8] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
const BASE64: &[u8] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

/// Makes every random value of a world; the same seed gives the same values.
#[derive(Debug)]
pub struct Mint {
    rng: Rng,
}

impl Mint {
    /// A mint whose whole output follows from `seed`.
    pub fn new(seed: u64) -> Self {
        Self { rng: Rng::with_seed(seed) }
    }

    fn text(&mut self, alphabet: &[u8], len: usize) -> String {
        (0..len).map(|_| alphabet[self.rng.usize(..alphabet.len())] as char).collect()
    }

    /// `ASIA` and 16 characters, as temporary credentials have.
    pub fn access_key_id(&mut self) -> String {
        format!("ASIA{}", self.text(BASE32, 16))
    }

    /// `AKIA` and 16 characters, as the keys of users have.
    pub fn long_term_key_id(&mut self) -> String {
        format!("AKIA{}", self.text(BASE32, 16))
    }

    /// `AROA` and 17 characters, as the ids of roles have.
    pub fn role_id(&mut self) -> String {
        format!("AROA{}", self.text(BASE32, 17))
    }

    /// `AIDA` and 17 characters, as the ids of users have.
    pub fn user_id(&mut self) -> String {
        format!("AIDA{}", self.text(BASE32, 17))
    }

    /// 40 characters.
    pub fn secret_access_key(&mut self) -> String {
        self.text(BASE64, 40)
    }

    /// A session token of 800 characters, with the beginning that the real ones share.
    pub fn session_token(&mut self) -> String {
        format!("IQoJb3JpZ2luX2Vj{}==", self.text(BASE64, 782))
    }

    /// An IMDSv2 token of 56 characters.
    pub fn imds_token(&mut self) -> String {
        format!("AQAEA{}==", self.text(BASE64, 49))
    }

    /// A bearer token: `prefix` and 200 characters that a URL takes as they are.
    pub fn bearer_token(&mut self, prefix: &str) -> String {
        format!("{prefix}{}", self.text(BASE64URL, 200))
    }

    /// 32 bytes for a key.
    pub fn key_bytes(&mut self) -> [u8; 32] {
        let mut bytes = [0; 32];
        self.rng.fill(&mut bytes);
        bytes
    }

    /// A request or message id in the form of a UUID.
    pub fn uuid(&mut self) -> String {
        let hex = format!("{:032x}", self.rng.u128(..));
        format!("{}-{}-{}-{}-{}", &hex[..8], &hex[8..12], &hex[12..16], &hex[16..20], &hex[20..])
    }

    /// Bytes that are no UTF-8 text, whatever else they are: the first one never begins a character.
    pub fn garbage(&mut self, len: usize) -> Vec<u8> {
        let mut bytes: Vec<u8> = (0..len).map(|_| self.rng.u8(..)).collect();
        if let Some(first) = bytes.first_mut() {
            *first = 0xff;
        }
        bytes
    }
}
