//! How do SQS's operations look in AWS JSON 1.0?

use super::error::SqsError;
use super::queues::{Operation, Outcome, md5_hex};
use hyper::http::request::Parts;
use serde_json::{Map, Value, json};

const PREFIX: &str = "AmazonSQS.";

/// The operation that `X-Amz-Target` names.
pub fn operation_name(parts: &Parts) -> Option<String> {
    let target = parts.headers.get("x-amz-target")?.to_str().ok()?;
    Some(target.strip_prefix(PREFIX).unwrap_or(target).to_string())
}

struct Fields(Map<String, Value>);

impl Fields {
    fn text(&self, name: &str) -> Result<String, SqsError> {
        let value = self.0.get(name).filter(|v| !v.is_null()).ok_or_else(|| SqsError::missing_parameter(name))?;
        value.as_str().map(Into::into).ok_or_else(|| SqsError::invalid_parameter(format!("{name} must be a text")))
    }

    fn number(&self, name: &str) -> Result<Option<u32>, SqsError> {
        match self.0.get(name).filter(|v| !v.is_null()) {
            None => Ok(None),
            Some(value) => match value.as_u64().and_then(|n| u32::try_from(n).ok()) {
                Some(number) => Ok(Some(number)),
                None => Err(SqsError::invalid_parameter(format!("{name} must be a number of at least 0"))),
            },
        }
    }
}

/// Reads a request.
pub fn decode(parts: &Parts, body: &[u8]) -> Result<Operation, SqsError> {
    let content_type = parts.headers.get("content-type").and_then(|v| v.to_str().ok()).unwrap_or_default();
    if !content_type.starts_with("application/x-amz-json-1.0") {
        return Err(SqsError::invalid_parameter(format!(
            "Content-Type {content_type:?}, expected application/x-amz-json-1.0"
        )));
    }
    let fields = serde_json::from_slice(body)
        .map(Fields)
        .map_err(|e| SqsError::invalid_parameter(format!("the body is no JSON object: {e}")))?;
    let name = operation_name(parts).unwrap_or_default();
    Ok(match name.as_str() {
        "SendMessage" => {
            if fields.0.get("MessageAttributes").and_then(Value::as_object).is_some_and(|a| !a.is_empty()) {
                return Err(SqsError::invalid_parameter("This simulator keeps no MessageAttributes."));
            }
            Operation::SendMessage { queue_url: fields.text("QueueUrl")?, body: fields.text("MessageBody")? }
        }
        "ReceiveMessage" => Operation::ReceiveMessage {
            queue_url: fields.text("QueueUrl")?,
            max: fields.number("MaxNumberOfMessages")?.unwrap_or(1),
            wait_s: fields.number("WaitTimeSeconds")?.unwrap_or(0),
            visibility_s: fields.number("VisibilityTimeout")?,
        },
        "DeleteMessage" => Operation::DeleteMessage {
            queue_url: fields.text("QueueUrl")?,
            receipt_handle: fields.text("ReceiptHandle")?,
        },
        "GetQueueUrl" => Operation::GetQueueUrl { name: fields.text("QueueName")? },
        "ListQueues" => Operation::ListQueues {
            prefix: if fields.0.contains_key("QueueNamePrefix") {
                fields.text("QueueNamePrefix")?
            } else {
                String::new()
            },
        },
        "CreateQueue" => Operation::CreateQueue { name: fields.text("QueueName")? },
        other => return Err(SqsError::unknown_operation(other)),
    })
}

/// Writes an answer.
pub fn encode(outcome: &Outcome) -> Vec<u8> {
    let value = match outcome {
        Outcome::Sent { message_id, md5 } => json!({"MD5OfMessageBody": md5, "MessageId": message_id}),
        Outcome::Messages(list) if list.is_empty() => json!({}),
        Outcome::Messages(list) => json!({"Messages": list.iter().map(|m| json!({
            "Body": m.body,
            "MD5OfBody": md5_hex(&m.body),
            "MessageId": m.message_id,
            "ReceiptHandle": m.receipt_handle,
        })).collect::<Vec<_>>()}),
        // The service sends no body at all here.
        Outcome::Deleted => return Vec::new(),
        Outcome::Found(url) | Outcome::Created(url) => json!({"QueueUrl": url}),
        Outcome::Listed(urls) if urls.is_empty() => json!({}),
        Outcome::Listed(urls) => json!({"QueueUrls": urls}),
    };
    value.to_string().into_bytes()
}

/// Writes a refusal.
pub fn encode_error(error: &SqsError) -> Vec<u8> {
    json!({"__type": error.shape, "message": error.message}).to_string().into_bytes()
}
