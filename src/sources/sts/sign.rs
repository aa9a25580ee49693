//! Pure: a form and the credentials of the one who asks -> the headers of a signed request (Signature Version 4).
//!
//! Every request has the same shape (POST, no query, few headers), so its canonical form is written down here; keys and
//! signature are `aws-sigv4`'s. Its own signer for whole requests would make the library 100 KB larger; a test holds the
//! two against each other.
//!
//! Source: "Create a signed AWS API request" in the IAM User Guide.

use std::fmt::Write;
use std::time::SystemTime;

use aws_sigv4::sign::v4::{calculate_signature, generate_signing_key};
use chrono::{DateTime, Utc};
use sha2::{Digest, Sha256};
use url::Url;
use zeroize::Zeroizing;

use super::wire::CONTENT_TYPE;
use crate::credentials::{Credentials, Secret};

/// `content-type` and what the signature adds. `Err` says what cannot be signed, and shows no value.
pub fn signed(
    url: &str,
    region: &str,
    form: &Secret,
    credentials: &Credentials,
    at: DateTime<Utc>,
) -> Result<Vec<(&'static str, Secret)>, &'static str> {
    let url = Url::parse(url).map_err(|_| "the URL cannot be read")?;
    let (host, path) = (url.host_str().ok_or("the URL names no host")?, encoded_again(url.path()));
    // As in the `Host` header: without the port that goes without saying.
    let host = match url.port() {
        Some(port) => format!("{host}:{port}"),
        None => host.to_owned(),
    };
    let date = at.format("%Y%m%dT%H%M%SZ").to_string();
    let scope = format!("{}/{region}/sts/aws4_request", at.format("%Y%m%d"));

    let mut names = "content-type;host;x-amz-date".to_owned();
    let mut lines = Zeroizing::new(format!("content-type:{CONTENT_TYPE}\nhost:{host}\nx-amz-date:{date}\n"));
    if let Some(token) = &credentials.session_token {
        names.push_str(";x-amz-security-token");
        lines.push_str("x-amz-security-token:");
        lines.push_str(token.expose());
        lines.push('\n');
    }
    let request = Zeroizing::new(format!("POST\n{path}\n\n{}\n{names}\n{}", *lines, sha256(form.expose())));
    let text = format!("AWS4-HMAC-SHA256\n{date}\n{scope}\n{}", sha256(&request));
    let key = generate_signing_key(credentials.secret_access_key.expose(), SystemTime::from(at), region, "sts");
    let signature = calculate_signature(key, text.as_bytes());

    let authorization = format!(
        "AWS4-HMAC-SHA256 Credential={}/{scope}, SignedHeaders={names}, Signature={signature}",
        credentials.access_key_id
    );
    let mut headers = vec![("content-type", Secret::new(CONTENT_TYPE)), ("x-amz-date", Secret::new(date))];
    headers.extend(credentials.session_token.clone().map(|token| ("x-amz-security-token", token)));
    headers.push(("authorization", Secret::new(authorization)));
    Ok(headers)
}

fn sha256(text: &str) -> String {
    let mut hex = String::with_capacity(64);
    for byte in Sha256::digest(text.as_bytes()) {
        // Writing to a string does not fail.
        let _ = write!(hex, "{byte:02x}");
    }
    hex
}

/// The path of a URL once more encoded, as every service but S3 wants it.
fn encoded_again(path: &str) -> String {
    let mut encoded = String::with_capacity(path.len());
    for byte in path.bytes() {
        match byte {
            b'/' | b'-' | b'_' | b'.' | b'~' => encoded.push(byte.into()),
            _ if byte.is_ascii_alphanumeric() => encoded.push(byte.into()),
            _ => {
                let _ = write!(encoded, "%{byte:02X}");
            }
        }
    }
    encoded
}

#[cfg(test)]
mod tests {
    use aws_sigv4::http_request::{SignableBody, SignableRequest, SigningSettings, sign};
    use aws_sigv4::sign::v4::SigningParams;
    use proptest::prelude::*;

    use super::*;
    use crate::credentials::AccessKeyId;

    fn credentials(secret: &str, token: Option<&str>) -> Credentials {
        Credentials {
            access_key_id: AccessKeyId::new("AKIDEXAMPLE"),
            secret_access_key: Secret::new(secret),
            session_token: token.map(Secret::new),
            expiration: None,
            account_id: None,
        }
    }

    /// Both were computed by other means, from the description of Signature Version 4 in the IAM User Guide.
    #[test]
    fn the_signature_is_the_one_of_the_description() {
        for (url, region, token, expected) in [
            (
                "https://sts.eu-west-1.amazonaws.com/",
                "eu-west-1",
                Some("AQoDYXdzEPT//EXAMPLE"),
                "AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20260102/eu-west-1/sts/aws4_request, \
                 SignedHeaders=content-type;host;x-amz-date;x-amz-security-token, \
                 Signature=6e9619354898b61b6bfbb0ae1dc34e4e2e8122c9013d4844b18c37e9cc34c3fe",
            ),
            (
                "http://127.0.0.1:4566/a%20b/",
                "us-east-1",
                None,
                "AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20260102/us-east-1/sts/aws4_request, \
                 SignedHeaders=content-type;host;x-amz-date, \
                 Signature=5481348e5c60f8ace49752dbb168eed466380ffd1cf255fbaf0f95941eaf73b1",
            ),
        ] {
            let credentials = credentials("wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY", token);
            let form = Secret::new(
                "Action=AssumeRole&Version=2011-06-15&RoleArn=arn%3Aaws%3Aiam%3A%3A123456789012%3Arole%2Fapp",
            );
            let at = "2026-01-02T03:04:05.678Z".parse().unwrap();
            let headers = signed(url, region, &form, &credentials, at).unwrap();
            let header = |name| headers.iter().find(|(key, _)| *key == name).map(|(_, value)| value.expose());
            assert_eq!(header("authorization"), Some(expected));
            assert_eq!(header("x-amz-date"), Some("20260102T030405Z"));
            assert_eq!(header("x-amz-security-token"), token);
            assert_eq!(headers.len(), 3 + usize::from(token.is_some()));
        }
    }

    /// The library's own signer for whole requests.
    fn theirs(
        url: &str,
        region: &str,
        form: &Secret,
        credentials: &Credentials,
        at: DateTime<Utc>,
    ) -> Vec<(String, String)> {
        let identity = aws_credential_types::Credentials::new(
            credentials.access_key_id.as_str(),
            credentials.secret_access_key.expose(),
            credentials.session_token.as_ref().map(|token| token.expose().to_owned()),
            None,
            "test",
        )
        .into();
        let params = SigningParams::builder().identity(&identity).region(region).name("sts").time(SystemTime::from(at));
        let params = params.settings(SigningSettings::default()).build().unwrap().into();
        let body = SignableBody::Bytes(form.expose().as_bytes());
        let headers = [("content-type", CONTENT_TYPE)].into_iter();
        let request = SignableRequest::new("POST", url, headers, body).unwrap();
        let (instructions, _) = sign(request, &params).unwrap().into_parts();
        instructions.headers().map(|(name, value)| (name.to_owned(), value.to_owned())).collect()
    }

    proptest! {
        #![proptest_config(ProptestConfig { cases: 1_000, failure_persistence: None, ..ProptestConfig::default() })]

        #[test]
        fn it_is_the_signature_that_the_librarys_own_signer_makes(
            host in "(https?://)(sts\\.eu-west-1\\.amazonaws\\.com|127\\.0\\.0\\.1|\\[::1\\])(:(80|443|4566))?",
            path in "(/[a-z0-9 %~_.,:+=@()é-]{1,8}){0,3}/",
            form in "[ -~]{0,60}",
            secret in "[A-Za-z0-9/+]{1,40}",
            token in proptest::option::of("[!-~]{1,80}"),
            seconds in 0..253_402_300_799_i64,
        ) {
            let Ok(url) = Url::parse(&format!("{host}{path}")) else { return Ok(()) };
            let credentials = credentials(&secret, token.as_deref());
            let (form, at) = (Secret::new(form), DateTime::from_timestamp(seconds, 999_000_000).unwrap());
            let mut ours: Vec<_> = signed(url.as_str(), "eu-west-1", &form, &credentials, at)
                .unwrap()
                .into_iter()
                .map(|(name, value)| (name.to_owned(), value.expose().to_owned()))
                .filter(|(name, _)| name != "content-type")
                .collect();
            let mut theirs = theirs(url.as_str(), "eu-west-1", &form, &credentials, at);
            ours.sort();
            theirs.sort();
            prop_assert_eq!(ours, theirs);
        }
    }
}
