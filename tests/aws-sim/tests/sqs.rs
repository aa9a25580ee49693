//! Does the simulated SQS accept what AWS accepts, and refuse the rest in AWS's words? The SDK's own signer asks.

mod common;

use aws_sim::sqs::queues::md5_hex;
use common::*;
use serde_json::json;

/// Status, code (as the SDKs report it), shape, text.
fn refusal(answer: &Answer) -> (u16, String, String, String) {
    let code = answer.header("x-amzn-query-error").unwrap().strip_suffix(";Sender").unwrap().to_string();
    let body = answer.json();
    let field = |name: &str| body[name].as_str().unwrap().to_string();
    assert!(answer.header("x-amzn-requestid").is_some() && answer.header("date").is_some());
    (answer.status, code, field("__type"), field("message"))
}

#[tokio::test]
async fn a_well_signed_message_is_accepted_and_received_in_json() {
    let world = world(json!({}));
    let credentials = credentials(&world.imds["imds"]).await;
    let sent = Call::send(&world, &credentials).go(&world.sqs).await;
    assert_eq!(sent.status, 200, "{}", sent.text());
    assert_eq!(sent.json()["MD5OfMessageBody"], "5d41402abc4b2a76b9719d911017c592");
    let url = format!("{}/123456789012/demo", world.sqs);
    let received = Call::json(&credentials, "ReceiveMessage", json!({"QueueUrl": url})).go(&world.sqs).await.json();
    let message = &received["Messages"][0];
    assert_eq!((message["Body"].as_str(), &message["MessageId"]), (Some("hello"), &sent.json()["MessageId"]));
    let delete = json!({"QueueUrl": url, "ReceiptHandle": message["ReceiptHandle"]});
    assert_eq!(Call::json(&credentials, "DeleteMessage", delete.clone()).go(&world.sqs).await.status, 200);
    let again = Call::json(&credentials, "DeleteMessage", delete).go(&world.sqs).await;
    assert_eq!(refusal(&again).1, "ReceiptHandleIsInvalid");
}

#[tokio::test]
async fn the_query_protocol_says_the_same_in_xml() {
    let world = world(json!({}));
    let credentials = credentials(&world.imds["imds"]).await;
    let url = format!("{}/123456789012/demo", world.sqs).replace(':', "%3A").replace('/', "%2F");
    let form = format!("Action=SendMessage&QueueUrl={url}&MessageBody=a%26b%3C");
    let sent = Call::query(&credentials, &form).go(&world.sqs).await;
    assert_eq!(sent.status, 200, "{}", sent.text());
    assert!(sent.text().contains(&format!("<MD5OfMessageBody>{}</MD5OfMessageBody>", md5_hex("a&b<"))));
    let received = Call::query(&credentials, &format!("Action=ReceiveMessage&QueueUrl={url}")).go(&world.sqs).await;
    assert!(received.text().contains("<Body>a&amp;b&lt;</Body>"), "{}", received.text());
    let listed = Call::query(&credentials, "Action=ListQueues").go(&world.sqs).await;
    assert!(listed.text().contains(&format!("<QueueUrl>{}/123456789012/demo</QueueUrl>", world.sqs)));

    act(&world, json!({"action": "revoke"})).await;
    let refused = Call::query(&credentials, &form).go(&world.sqs).await;
    assert_eq!(refused.status, 403);
    assert!(refused.text().contains("<Type>Sender</Type><Code>InvalidClientTokenId</Code>"), "{}", refused.text());
}

#[tokio::test]
async fn queues_are_made_found_and_missed() {
    let world = world(json!({}));
    let credentials = credentials(&world.imds["imds"]).await;
    let missing = Call::json(&credentials, "GetQueueUrl", json!({"QueueName": "new"})).go(&world.sqs).await;
    let (status, code, shape, _) = refusal(&missing);
    assert_eq!(
        (status, code.as_str(), shape.as_str()),
        (400, "AWS.SimpleQueueService.NonExistentQueue", "com.amazonaws.sqs#QueueDoesNotExist")
    );
    let made = Call::json(&credentials, "CreateQueue", json!({"QueueName": "new"})).go(&world.sqs).await.json();
    let found = Call::json(&credentials, "GetQueueUrl", json!({"QueueName": "new"})).go(&world.sqs).await.json();
    assert_eq!(made, found);
}

#[tokio::test]
async fn a_waiting_receive_gets_the_message_that_comes() {
    let world = world(json!({}));
    let credentials = credentials(&world.imds["imds"]).await;
    let url = format!("{}/123456789012/demo", world.sqs);
    let receive = Call::json(&credentials, "ReceiveMessage", json!({"QueueUrl": url, "WaitTimeSeconds": 10}));
    let send = Call::send(&world, &credentials);
    let (received, sent) = tokio::join!(receive.go(&world.sqs), async {
        tokio::time::sleep(HANGS).await;
        send.go(&world.sqs).await
    });
    assert_eq!(received.json()["Messages"][0]["MessageId"], sent.json()["MessageId"]);
}

#[tokio::test]
async fn an_expired_key_is_told_so_in_the_words_that_the_article_quotes() {
    let world = world(json!({}));
    act(&world, json!({"action": "expired_set"})).await;
    let credentials = credentials(&world.imds["imds"]).await;
    let answer = Call::send(&world, &credentials).go(&world.sqs).await;
    assert_eq!(
        refusal(&answer),
        (
            403,
            "ExpiredToken".into(),
            "com.amazon.coral.service#ExpiredTokenException".into(),
            "The security token included in the request is expired".into()
        )
    );
    let query = Call::query(&credentials, "Action=ListQueues").go(&world.sqs).await;
    assert_eq!(query.status, 403);
    assert!(
        query.text().contains(
            "<Code>ExpiredToken</Code><Message>The security token included in the request is expired</Message>"
        )
    );
}

#[tokio::test]
async fn a_key_dies_at_its_expiration() {
    let world = world(json!({"role": {"lifetime_s": 2, "renew_before_s": 0}}));
    let credentials = credentials(&world.imds["imds"]).await;
    let deadline = tokio::time::Instant::now() + LONG;
    loop {
        let call = Call::send(&world, &credentials);
        let before = aws_sim::clock::now();
        let answer = call.go(&world.sqs).await;
        let expiration = world.state().keys.sets()[0].expiration;
        if answer.status == 403 {
            assert_eq!(refusal(&answer).1, "ExpiredToken");
            assert!(aws_sim::clock::now() >= expiration);
            return;
        }
        assert!(before < expiration, "accepted after it expired");
        assert!(tokio::time::Instant::now() < deadline, "never expired");
    }
}

#[tokio::test]
async fn unknown_revoked_and_mismatched_keys_are_invalid() {
    let world = world(json!({}));
    let credentials = credentials(&world.imds["imds"]).await;
    let mut unknown = Call::send(&world, &credentials);
    unknown.access_key_id = "ASIAAAAAAAAAAAAAAAAA".into();
    let mut other_token = Call::send(&world, &credentials);
    other_token.token = Some("IQoJb3JpZ2luX2VjAAAA==".into());
    let revoked = Call::send(&world, &credentials);
    assert_eq!(revoked.go(&world.sqs).await.status, 200);
    for (call, revoke) in [(unknown, false), (other_token, false), (revoked, true)] {
        if revoke {
            act(&world, json!({"action": "revoke", "which": "all"})).await;
        }
        let (status, code, shape, text) = refusal(&call.go(&world.sqs).await);
        assert_eq!((status, code.as_str()), (403, "InvalidClientTokenId"));
        assert_eq!(shape, "com.amazon.coral.service#UnrecognizedClientException");
        assert_eq!(text, "The security token included in the request is invalid.");
    }
    assert_eq!(served_key(&world.imds["imds"]).await, credentials["AccessKeyId"], "IMDS serves it still");
}

#[tokio::test]
async fn a_wrong_secret_does_not_match() {
    let world = world(json!({}));
    let mut call = Call::send(&world, &credentials(&world.imds["imds"]).await);
    call.secret = "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY".into();
    let (status, code, shape, text) = refusal(&call.go(&world.sqs).await);
    assert_eq!((status, code.as_str()), (403, "SignatureDoesNotMatch"));
    assert_eq!(shape, "com.amazon.coral.service#InvalidSignatureException");
    assert!(text.starts_with("The request signature we calculated does not match the signature you provided."));
}

#[tokio::test]
async fn whatever_is_changed_after_signing_breaks_the_signature() {
    let world = world(json!({}));
    let credentials = credentials(&world.imds["imds"]).await;
    let mut call = Call::send(&world, &credentials);
    let headers = call.signed(&world.sqs);
    let body = call.body.clone();
    call.body = body.replace("hello", "jello");
    assert_eq!(refusal(&call.go_with(&world.sqs, &headers).await).1, "SignatureDoesNotMatch", "the body");
    call.body = body;
    let mut retargeted = headers.clone();
    retargeted.iter_mut().find(|(n, _)| n == "x-amz-target").unwrap().1 = "AmazonSQS.DeleteQueue".into();
    assert_eq!(refusal(&call.go_with(&world.sqs, &retargeted).await).1, "SignatureDoesNotMatch", "a header");
    call.path = "/other".into();
    assert_eq!(refusal(&call.go_with(&world.sqs, &headers).await).1, "SignatureDoesNotMatch", "the path");
    call.path = "/".into();
    assert_eq!(call.go_with(&world.sqs, &headers).await.status, 200, "and unchanged it is accepted");
}

#[tokio::test]
async fn a_header_of_amazon_that_is_not_signed_is_refused() {
    let world = world(json!({}));
    let call = Call::send(&world, &credentials(&world.imds["imds"]).await);
    let mut headers = call.signed(&world.sqs);
    headers.push(("x-amz-extra".into(), "1".into()));
    let (_, code, _, text) = refusal(&call.go_with(&world.sqs, &headers).await);
    assert_eq!(code, "SignatureDoesNotMatch");
    assert_eq!(text, "'x-amz-extra' must be a 'SignedHeader' in the AWS Authorization.");
}

#[tokio::test]
async fn a_signature_for_another_region_or_service_is_refused() {
    let world = world(json!({}));
    let credentials = credentials(&world.imds["imds"]).await;
    let mut region = Call::send(&world, &credentials);
    region.region = "eu-west-1";
    let mut service = Call::send(&world, &credentials);
    service.service = "s3";
    for (call, part) in [(region, "valid region"), (service, "correct service")] {
        let (_, code, _, text) = refusal(&call.go(&world.sqs).await);
        assert_eq!(code, "SignatureDoesNotMatch");
        assert!(text.contains(part), "{text}");
    }
}

#[tokio::test]
async fn a_signature_more_than_five_minutes_off_is_refused_either_way() {
    let world = world(json!({}));
    let credentials = credentials(&world.imds["imds"]).await;
    for (shift, begin, end) in
        [(-320, "Signature expired: ", " - 5 min.)"), (320, "Signature not yet current: ", " + 5 min.)")]
    {
        let (status, code, _, text) = refusal(&Call::send(&world, &credentials).shifted(shift).go(&world.sqs).await);
        assert_eq!((status, code.as_str()), (403, "SignatureDoesNotMatch"));
        assert!(text.starts_with(begin) && text.ends_with(end), "{text}");
    }
    for shift in [-280, 280] {
        assert_eq!(Call::send(&world, &credentials).shifted(shift).go(&world.sqs).await.status, 200, "{shift} s");
    }
}

#[tokio::test]
async fn an_unsigned_and_a_half_signed_request_are_refused() {
    let world = world(json!({}));
    let call = Call::send(&world, &credentials(&world.imds["imds"]).await);
    let mut headers = call.signed(&world.sqs);
    headers.retain(|(name, _)| name != "authorization");
    let (status, code, shape, text) = refusal(&call.go_with(&world.sqs, &headers).await);
    assert_eq!((status, code.as_str()), (403, "MissingAuthenticationToken"));
    assert_eq!(shape, "com.amazon.coral.service#MissingAuthenticationTokenException");
    assert_eq!(text, "Request is missing Authentication Token");
    headers.push(("authorization".into(), "AWS4-HMAC-SHA256 Credential=a/b".into()));
    assert_eq!(refusal(&call.go_with(&world.sqs, &headers).await).1, "IncompleteSignature");
}

#[tokio::test]
async fn a_fresh_key_is_refused_until_it_has_spread() {
    let world = world(json!({}));
    act(&world, json!({"action": "not_yet_valid", "seconds": 600})).await;
    let credentials = credentials(&world.imds["imds"]).await;
    let call = Call::send(&world, &credentials);
    assert_eq!(refusal(&call.go(&world.sqs).await).1, "InvalidClientTokenId");
    act(&world, json!([{"action": "clear"}, {"action": "rotate_now"}])).await;
    let next = common::credentials(&world.imds["imds"]).await;
    assert_eq!(Call::send(&world, &next).go(&world.sqs).await.status, 200);
    assert_eq!(refusal(&call.go(&world.sqs).await).1, "InvalidClientTokenId", "the early one waits on");
}

#[tokio::test]
async fn the_journal_names_key_operation_and_error() {
    let world = world(json!({}));
    act(&world, json!({"action": "expired_set"})).await;
    let credentials = credentials(&world.imds["imds"]).await;
    Call::send(&world, &credentials).go(&world.sqs).await;
    let page = world.state().journal.since(0);
    let entry = page.entries.last().unwrap();
    assert_eq!(entry.operation.as_deref(), Some("SendMessage"));
    assert_eq!(entry.error_code.as_deref(), Some("ExpiredToken"));
    assert_eq!(entry.access_key_id.as_deref(), credentials["AccessKeyId"].as_str());
    assert_eq!(world.state().journal.summary().by_error_code["ExpiredToken"], 1);
}

#[tokio::test]
async fn health_needs_no_signature() {
    let world = world(json!({}));
    assert_eq!(get(&world.sqs, "/health").await.unwrap().status, 200);
}
