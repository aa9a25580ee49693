//! Pure: where the AWS CLI keeps tokens. Each function stands for the one of the same name in the room of its source.

use std::path::{Path, PathBuf};

use crate::config::Inputs;

/// `sources::sso::token_file`.
pub fn sso_token_file(home: &Path, session_or_url: &str) -> PathBuf {
    home.join(".aws/sso/cache").join(session_or_url.replace('/', "_")).with_extension("json")
}

/// `sources::login::token_file`.
pub fn login_token_file(_: &Inputs, home: &Path, session: &str) -> PathBuf {
    home.join(".aws/login/cache").join(session.replace('/', "_")).with_extension("json")
}
