//! What is in the queues? The operations as values, without their protocol.

use super::error::SqsError;
use crate::mint::Mint;
use chrono::{DateTime, TimeDelta, Utc};
use md5::{Digest, Md5};
use std::collections::{BTreeMap, VecDeque};

/// A queue forgets its oldest message beyond this: tests send for hours and receive little.
pub const MAX_MESSAGES: usize = 10_000;
/// More queues than any test makes.
const MAX_QUEUES: usize = 1_000;
/// SQS's own bound, in bytes.
const MAX_MESSAGE: usize = 1 << 20;
/// SQS's default, in seconds.
const VISIBILITY_S: u32 = 30;

/// What a client asks for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Operation {
    /// Adds a message.
    SendMessage {
        /// As the client gave it.
        queue_url: String,
        /// The text.
        body: String,
    },
    /// Takes messages.
    ReceiveMessage {
        /// As the client gave it.
        queue_url: String,
        /// 1 to 10.
        max: u32,
        /// 0 to 20.
        wait_s: u32,
        /// 30 if absent.
        visibility_s: Option<u32>,
    },
    /// Removes a message that was received.
    DeleteMessage {
        /// As the client gave it.
        queue_url: String,
        /// Of the last receive.
        receipt_handle: String,
    },
    /// Finds a queue by its name.
    GetQueueUrl {
        /// The name.
        name: String,
    },
    /// Lists the queues.
    ListQueues {
        /// Of the names; empty for all.
        prefix: String,
    },
    /// Makes a queue, or finds it.
    CreateQueue {
        /// The name.
        name: String,
    },
}

/// A message as it is received.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Received {
    /// Id.
    pub message_id: String,
    /// For DeleteMessage.
    pub receipt_handle: String,
    /// The text.
    pub body: String,
}

/// What a client gets.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// Of SendMessage.
    Sent {
        /// Id.
        message_id: String,
        /// `MD5OfMessageBody`.
        md5: String,
    },
    /// Of ReceiveMessage.
    Messages(Vec<Received>),
    /// Of DeleteMessage.
    Deleted,
    /// Of GetQueueUrl.
    Found(String),
    /// Of CreateQueue.
    Created(String),
    /// Of ListQueues.
    Listed(Vec<String>),
}

#[derive(Debug)]
struct Message {
    id: String,
    body: String,
    visible_from: DateTime<Utc>,
    receipt_handle: Option<String>,
}

/// The queues of a world.
#[derive(Debug, Default)]
pub struct Queues {
    queues: BTreeMap<String, VecDeque<Message>>,
}

/// MD5 in hex, as the SDKs compare it.
pub fn md5_hex(text: &str) -> String {
    Md5::digest(text.as_bytes()).iter().map(|b| format!("{b:02x}")).collect()
}

fn check_name(name: &str) -> Result<(), SqsError> {
    let legal = |b: u8| b.is_ascii_alphanumeric() || b == b'-' || b == b'_';
    if name.is_empty() || name.len() > 80 || !name.bytes().all(legal) {
        return Err(SqsError::invalid_parameter(
            "Can only include alphanumeric characters, hyphens, or underscores. 1 to 80 in length",
        ));
    }
    Ok(())
}

impl Queues {
    /// Queues that exist from the start.
    pub fn new(names: &[String]) -> Result<Self, String> {
        let mut queues = BTreeMap::new();
        for name in names {
            check_name(name).map_err(|e| format!("queue {name:?}: {}", e.message))?;
            queues.insert(name.clone(), VecDeque::new());
        }
        Ok(Self { queues })
    }

    fn queue(&mut self, url: &str) -> Result<&mut VecDeque<Message>, SqsError> {
        let name = url.rsplit('/').next().unwrap_or_default();
        self.queues.get_mut(name).ok_or_else(SqsError::no_queue)
    }

    /// Does what is asked, at `now`; `endpoint` and `account` make the queue URLs.
    pub fn perform(
        &mut self,
        operation: &Operation,
        now: DateTime<Utc>,
        endpoint: &str,
        account: &str,
        mint: &mut Mint,
    ) -> Result<Outcome, SqsError> {
        let url = |name: &str| format!("{endpoint}/{account}/{name}");
        match operation {
            Operation::SendMessage { queue_url, body } => {
                if body.is_empty() || body.len() > MAX_MESSAGE {
                    return Err(SqsError::invalid_parameter(format!(
                        "One or more parameters are invalid. Reason: Message must be 1 to {MAX_MESSAGE} bytes."
                    )));
                }
                let queue = self.queue(queue_url)?;
                if queue.len() == MAX_MESSAGES {
                    queue.pop_front();
                }
                let message_id = mint.uuid();
                queue.push_back(Message {
                    id: message_id.clone(),
                    body: body.clone(),
                    visible_from: now,
                    receipt_handle: None,
                });
                Ok(Outcome::Sent { message_id, md5: md5_hex(body) })
            }
            Operation::ReceiveMessage { queue_url, max, wait_s, visibility_s } => {
                if !(1..=10).contains(max) || *wait_s > 20 {
                    return Err(SqsError::invalid_parameter(format!(
                        "MaxNumberOfMessages {max} must be between 1 and 10, WaitTimeSeconds {wait_s} between 0 and 20."
                    )));
                }
                let hidden_until = now + TimeDelta::seconds(visibility_s.unwrap_or(VISIBILITY_S).into());
                let visible = self.queue(queue_url)?.iter_mut().filter(|m| m.visible_from <= now);
                Ok(Outcome::Messages(
                    visible
                        .take(*max as usize)
                        .map(|message| {
                            let receipt_handle = mint.uuid();
                            message.visible_from = hidden_until;
                            message.receipt_handle = Some(receipt_handle.clone());
                            Received { message_id: message.id.clone(), receipt_handle, body: message.body.clone() }
                        })
                        .collect(),
                ))
            }
            Operation::DeleteMessage { queue_url, receipt_handle } => {
                let queue = self.queue(queue_url)?;
                let found = queue.iter().position(|m| m.receipt_handle.as_ref() == Some(receipt_handle));
                let index = found.ok_or_else(|| SqsError::invalid_receipt(receipt_handle))?;
                queue.remove(index);
                Ok(Outcome::Deleted)
            }
            Operation::GetQueueUrl { name } => {
                if self.queues.contains_key(name) {
                    Ok(Outcome::Found(url(name)))
                } else {
                    Err(SqsError::no_queue())
                }
            }
            Operation::ListQueues { prefix } => Ok(Outcome::Listed(
                self.queues.keys().filter(|name| name.starts_with(prefix)).map(|name| url(name)).collect(),
            )),
            Operation::CreateQueue { name } => {
                check_name(name)?;
                if !self.queues.contains_key(name) && self.queues.len() == MAX_QUEUES {
                    return Err(SqsError::invalid_parameter(format!("more than {MAX_QUEUES} queues")));
                }
                self.queues.entry(name.clone()).or_default();
                Ok(Outcome::Created(url(name)))
            }
        }
    }
}
