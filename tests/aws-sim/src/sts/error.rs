//! How does STS say no? Codes, statuses and texts as the service has them, in its XML.

use crate::service::Failure;
use crate::sigv4::Refusal;
use quick_xml::escape::escape;

/// The namespace of every document of STS.
pub const NAMESPACE: &str = "https://sts.amazonaws.com/doc/2011-06-15/";

/// A refusal.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StsError {
    /// HTTP status.
    pub status: u16,
    /// As it stands in `Code`.
    pub code: String,
    /// As it stands in `Message`.
    pub message: String,
}

/// Code, status, text. From STS's API reference (common errors, AssumeRole, AssumeRoleWithWebIdentity) and from what
/// clients have reported word for word: throttling is a 400, an expired session token a 403 of another code than an
/// expired web identity token, which is a 400.
const KNOWN: &[(&str, u16, &str)] = &[
    ("AccessDenied", 403, "Access denied"),
    ("ExpiredToken", 403, "The security token included in the request is expired"),
    ("ExpiredTokenException", 400, "Token expired"),
    (
        "IDPCommunicationError",
        400,
        "Couldn't retrieve verification key from your identity provider,  please reference AssumeRoleWithWebIdentity \
         documentation for requirements",
    ),
    ("IDPRejectedClaim", 403, "The identity provider reported that authentication failed"),
    ("IncompleteSignature", 400, "The request signature does not conform to AWS standards."),
    ("InternalFailure", 500, "An internal error has occurred."),
    ("InvalidAction", 400, "The action or operation requested is invalid."),
    ("InvalidClientTokenId", 403, "The security token included in the request is invalid."),
    (
        "InvalidIdentityToken",
        400,
        "Couldn't retrieve verification key from your identity provider,  please reference AssumeRoleWithWebIdentity \
         documentation for requirements",
    ),
    ("MalformedPolicyDocument", 400, "This policy contains invalid Json"),
    ("MissingAction", 400, "The request is missing an action or a required parameter."),
    ("MissingAuthenticationToken", 403, "Request is missing Authentication Token"),
    ("PackedPolicyTooLarge", 400, "Packed size of session tags consumes 108% of allotted size."),
    (
        "RegionDisabledException",
        403,
        "STS is not activated in this region for account:{account}. Your account administrator can activate STS in \
         this region using the IAM Console.",
    ),
    ("RequestExpired", 400, "Request has expired."),
    ("ServiceUnavailable", 503, "The request has failed due to a temporary failure of the server."),
    ("SignatureDoesNotMatch", 403, "The request signature we calculated does not match the signature you provided."),
    ("Throttling", 400, "Rate exceeded"),
    ("ThrottlingException", 400, "Rate exceeded"),
    ("ValidationError", 400, "The input fails to satisfy the constraints specified by an AWS service."),
];

impl StsError {
    /// The error of this code, with AWS's status.
    pub fn new(code: &str, message: impl Into<String>) -> Self {
        let status = KNOWN.iter().find(|(known, ..)| *known == code).map_or(400, |(_, status, _)| *status);
        Self { status, code: code.into(), message: message.into() }
    }

    /// What the fault `fail` asks for; a code that is not known is a 400.
    pub fn demanded(failure: &Failure, account_id: &str) -> Self {
        let known = KNOWN.iter().find(|(code, ..)| *code == failure.code);
        let (status, text) = known.map_or((400, "The request failed."), |(_, status, text)| (*status, *text));
        Self {
            status: failure.status.unwrap_or(status),
            code: failure.code.clone(),
            message: failure.message.clone().unwrap_or_else(|| text.replace("{account}", account_id)),
        }
    }

    /// The document.
    pub fn xml(&self, request_id: &str) -> String {
        let kind = if self.status < 500 { "Sender" } else { "Receiver" };
        format!(
            "<ErrorResponse xmlns=\"{NAMESPACE}\">\n  <Error>\n    <Type>{kind}</Type>\n    <Code>{}</Code>\n    \
             <Message>{}</Message>\n  </Error>\n  <RequestId>{request_id}</RequestId>\n</ErrorResponse>\n",
            escape(&self.code),
            escape(&self.message)
        )
    }
}

impl From<Refusal> for StsError {
    fn from(refusal: Refusal) -> Self {
        let plain = |code: &str| {
            let failure = Failure { code: code.into(), status: None, message: None };
            Self::demanded(&failure, "")
        };
        match refusal {
            Refusal::MissingAuthentication => plain("MissingAuthenticationToken"),
            Refusal::Incomplete(message) => Self::new("IncompleteSignature", message),
            Refusal::InvalidToken => plain("InvalidClientTokenId"),
            Refusal::Expired => plain("ExpiredToken"),
            Refusal::Signature(message) => Self::new("SignatureDoesNotMatch", message),
        }
    }
}
