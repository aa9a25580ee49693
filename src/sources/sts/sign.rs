//! Pure: a form and the credentials of the one who asks -> the headers of a signed request (Signature Version 4).

use std::time::SystemTime;

use aws_sigv4::http_request::{
    PayloadChecksumKind, SignableBody, SignableRequest, SigningError, SigningSettings, sign,
};
use aws_sigv4::sign::v4::SigningParams;
use chrono::{DateTime, Utc};

use super::wire::CONTENT_TYPE;
use crate::credentials::{Credentials, Secret};

/// `content-type` and what the signature adds. `Err` names what cannot be signed, and no value.
pub fn signed(
    url: &str,
    region: &str,
    form: &Secret,
    credentials: &Credentials,
    at: DateTime<Utc>,
) -> Result<Vec<(&'static str, Secret)>, &'static str> {
    let identity = aws_credential_types::Credentials::new(
        credentials.access_key_id.as_str(),
        credentials.secret_access_key.expose(),
        credentials.session_token.as_ref().map(|token| token.expose().to_owned()),
        None,
        "evercreds",
    )
    .into();
    let mut settings = SigningSettings::default();
    settings.payload_checksum_kind = PayloadChecksumKind::NoHeader;
    let params = SigningParams::builder()
        .identity(&identity)
        .region(region)
        .name("sts")
        .time(SystemTime::from(at))
        .settings(settings)
        .build()
        .map_err(|_| "the signature lacks a part; this is a bug")?
        .into();
    let body = SignableBody::Bytes(form.expose().as_bytes());
    let request = SignableRequest::new("POST", url, [("content-type", CONTENT_TYPE)].into_iter(), body).map_err(why)?;
    let (instructions, _) = sign(request, &params).map_err(why)?.into_parts();
    let (added, _) = instructions.into_parts();
    let mut headers = vec![("content-type", Secret::new(CONTENT_TYPE))];
    headers.extend(added.into_iter().map(|header| (header.name(), Secret::new(header.value()))));
    Ok(headers)
}

/// The signer's own text may quote a header.
fn why(_: SigningError) -> &'static str {
    "the URL or the session token cannot be signed"
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::credentials::AccessKeyId;

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
            let credentials = Credentials {
                access_key_id: AccessKeyId::new("AKIDEXAMPLE"),
                secret_access_key: Secret::new("wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY"),
                session_token: token.map(Secret::new),
                expiration: None,
                account_id: None,
            };
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
}
