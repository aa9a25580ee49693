//! How do SQS's operations look in the query protocol, with its answers in XML?

use super::error::SqsError;
use super::queues::{Operation, Outcome, md5_hex};
use hyper::Method;
use hyper::http::request::Parts;
use quick_xml::escape::escape;
use std::collections::HashMap;

const NAMESPACE: &str = "http://queue.amazonaws.com/doc/2012-11-05/";

struct Fields(HashMap<String, String>);

impl Fields {
    /// From the form in the body, or from the query of a GET.
    fn read(parts: &Parts, body: &[u8]) -> Self {
        let source = if parts.method == Method::GET { parts.uri.query().unwrap_or_default().as_bytes() } else { body };
        Self(form_urlencoded::parse(source).into_owned().collect())
    }

    fn text(&self, name: &str) -> Result<String, SqsError> {
        self.0.get(name).cloned().ok_or_else(|| SqsError::missing_parameter(name))
    }

    fn number(&self, name: &str) -> Result<Option<u32>, SqsError> {
        match self.0.get(name).map(|v| v.parse()) {
            None => Ok(None),
            Some(Ok(number)) => Ok(Some(number)),
            Some(Err(e)) => Err(SqsError::invalid_parameter(format!("{name}: {e}"))),
        }
    }
}

/// The operation that `Action` names.
pub fn operation_name(parts: &Parts, body: &[u8]) -> Option<String> {
    Fields::read(parts, body).0.remove("Action")
}

/// Reads a request.
pub fn decode(parts: &Parts, body: &[u8]) -> Result<Operation, SqsError> {
    let fields = Fields::read(parts, body);
    let action = fields.text("Action")?;
    let version = fields.text("Version")?;
    if version != "2012-11-05" {
        return Err(SqsError::invalid_parameter(format!("Version {version:?}, expected 2012-11-05")));
    }
    // Old clients send the request to the queue's own URL.
    let queue_url = fields.text("QueueUrl").unwrap_or_else(|_| parts.uri.path().to_string());
    Ok(match action.as_str() {
        "SendMessage" => {
            if fields.0.keys().any(|k| k.starts_with("MessageAttribute.")) {
                return Err(SqsError::invalid_parameter("This simulator keeps no MessageAttributes."));
            }
            Operation::SendMessage { queue_url, body: fields.text("MessageBody")? }
        }
        "ReceiveMessage" => Operation::ReceiveMessage {
            queue_url,
            max: fields.number("MaxNumberOfMessages")?.unwrap_or(1),
            wait_s: fields.number("WaitTimeSeconds")?.unwrap_or(0),
            visibility_s: fields.number("VisibilityTimeout")?,
        },
        "DeleteMessage" => Operation::DeleteMessage { queue_url, receipt_handle: fields.text("ReceiptHandle")? },
        "GetQueueUrl" => Operation::GetQueueUrl { name: fields.text("QueueName")? },
        "ListQueues" => Operation::ListQueues { prefix: fields.0.get("QueueNamePrefix").cloned().unwrap_or_default() },
        "CreateQueue" => Operation::CreateQueue { name: fields.text("QueueName")? },
        other => return Err(SqsError::unknown_operation(other)),
    })
}

fn element(name: &str, text: &str) -> String {
    format!("<{name}>{}</{name}>", escape(text))
}

/// Writes an answer.
pub fn encode(outcome: &Outcome, request_id: &str) -> Vec<u8> {
    let (action, result) = match outcome {
        Outcome::Sent { message_id, md5 } => {
            ("SendMessage", element("MessageId", message_id) + &element("MD5OfMessageBody", md5))
        }
        Outcome::Messages(list) => {
            let message = |m: &super::queues::Received| {
                let fields = element("MessageId", &m.message_id)
                    + &element("ReceiptHandle", &m.receipt_handle)
                    + &element("MD5OfBody", &md5_hex(&m.body))
                    + &element("Body", &m.body);
                format!("<Message>{fields}</Message>")
            };
            ("ReceiveMessage", list.iter().map(message).collect())
        }
        Outcome::Deleted => ("DeleteMessage", String::new()),
        Outcome::Found(url) => ("GetQueueUrl", element("QueueUrl", url)),
        Outcome::Created(url) => ("CreateQueue", element("QueueUrl", url)),
        Outcome::Listed(urls) => ("ListQueues", urls.iter().map(|url| element("QueueUrl", url)).collect()),
    };
    // DeleteMessage is the one operation here that has no result element.
    let result = match outcome {
        Outcome::Deleted => result,
        _ => format!("<{action}Result>{result}</{action}Result>"),
    };
    format!(
        "<?xml version=\"1.0\"?><{action}Response xmlns=\"{NAMESPACE}\">{result}<ResponseMetadata>{}\
         </ResponseMetadata></{action}Response>",
        element("RequestId", request_id)
    )
    .into_bytes()
}

/// Writes a refusal.
pub fn encode_error(error: &SqsError, request_id: &str) -> Vec<u8> {
    format!(
        "<?xml version=\"1.0\"?><ErrorResponse xmlns=\"{NAMESPACE}\"><Error><Type>Sender</Type>{}{}<Detail/></Error>{}\
         </ErrorResponse>",
        element("Code", error.code),
        element("Message", &error.message),
        element("RequestId", request_id)
    )
    .into_bytes()
}
