//! How does SQS say no? Codes and texts of the service, in the names of both protocols.

use crate::sigv4::Refusal;

/// A refusal.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SqsError {
    /// HTTP status.
    pub status: u16,
    /// The code as the query protocol has it, and as the SDKs report it.
    pub code: &'static str,
    /// The shape as the JSON protocol names it in `__type`.
    pub shape: &'static str,
    /// The text.
    pub message: String,
}

impl From<Refusal> for SqsError {
    fn from(refusal: Refusal) -> Self {
        match refusal {
            Refusal::MissingAuthentication => Self::security(
                "MissingAuthenticationToken",
                "com.amazon.coral.service#MissingAuthenticationTokenException",
                "Request is missing Authentication Token",
            ),
            Refusal::Incomplete(message) => {
                Self::security("IncompleteSignature", "com.amazon.coral.service#IncompleteSignatureException", message)
            }
            Refusal::InvalidToken => Self::security(
                "InvalidClientTokenId",
                "com.amazon.coral.service#UnrecognizedClientException",
                "The security token included in the request is invalid.",
            ),
            Refusal::Expired => Self::security(
                "ExpiredToken",
                "com.amazon.coral.service#ExpiredTokenException",
                "The security token included in the request is expired",
            ),
            Refusal::Signature(message) => {
                Self::security("SignatureDoesNotMatch", "com.amazon.coral.service#InvalidSignatureException", message)
            }
        }
    }
}

impl SqsError {
    fn security(code: &'static str, shape: &'static str, message: impl Into<String>) -> Self {
        Self { status: 403, code, shape, message: message.into() }
    }

    /// The value of the header `x-amzn-query-error`.
    pub fn query_error(&self) -> String {
        format!("{};Sender", self.code)
    }

    /// No such queue.
    pub fn no_queue() -> Self {
        Self {
            status: 400,
            code: "AWS.SimpleQueueService.NonExistentQueue",
            shape: "com.amazonaws.sqs#QueueDoesNotExist",
            message: "The specified queue does not exist.".into(),
        }
    }

    /// A receipt handle that was never given out, or whose message is gone.
    pub fn invalid_receipt(handle: &str) -> Self {
        Self {
            status: 400,
            code: "ReceiptHandleIsInvalid",
            shape: "com.amazonaws.sqs#ReceiptHandleIsInvalid",
            message: format!("The input receipt handle \"{handle}\" is not a valid receipt handle."),
        }
    }

    /// A parameter is missing.
    pub fn missing_parameter(name: &str) -> Self {
        Self {
            status: 400,
            code: "MissingParameter",
            shape: "com.amazon.coral.service#MissingRequiredParameterException",
            message: format!("The request must contain the parameter {name}."),
        }
    }

    /// A parameter is wrong.
    pub fn invalid_parameter(message: impl Into<String>) -> Self {
        Self {
            status: 400,
            code: "InvalidParameterValue",
            shape: "com.amazonaws.sqs#InvalidParameterValueException",
            message: message.into(),
        }
    }

    /// An operation that this simulator has not, or that does not exist.
    pub fn unknown_operation(name: &str) -> Self {
        Self {
            status: 400,
            code: "InvalidAction",
            shape: "com.amazon.coral.service#UnknownOperationException",
            message: format!(
                "The action {name} is not valid for this endpoint. This simulator has SendMessage, ReceiveMessage, \
                 DeleteMessage, GetQueueUrl, ListQueues and CreateQueue."
            ),
        }
    }
}
