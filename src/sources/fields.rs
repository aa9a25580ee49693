//! Pure: what may stand in a field of a set of credentials, wherever it comes from.

/// Twelve digits. Account ids end up in host names of endpoints, so anything else is left out.
pub fn is_account_id(id: &str) -> bool {
    id.len() == 12 && id.bytes().all(|byte| byte.is_ascii_digit())
}

/// What may travel in an HTTP header: not empty, no space, no control character (header injection).
pub fn is_visible_ascii(value: &str) -> bool {
    !value.is_empty() && value.bytes().all(|byte| byte.is_ascii_graphic())
}
