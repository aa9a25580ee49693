//! What does a request to STS ask for, and is each parameter what AWS accepts?

use super::error::StsError;
use crate::service::Asked;
use hyper::Method;
use std::collections::BTreeMap;

/// The parameters of a request, by name.
#[derive(Clone, Debug)]
pub struct Parameters(BTreeMap<String, String>);

/// What the operations that assume a role have in common.
#[derive(Clone, Debug)]
pub struct RoleRequest {
    /// `RoleArn`
    pub role_arn: String,
    /// `RoleSessionName`
    pub session_name: String,
    /// `DurationSeconds`
    pub duration_s: Option<u32>,
    /// How full the session policy and the tags make the token, in percent; absent without them.
    pub packed_percent: Option<usize>,
}

/// The constraints that a request breaks, in AWS's words.
#[derive(Debug, Default)]
struct Violations(Vec<String>);

impl Violations {
    fn add(&mut self, value: Option<&str>, at: &str, constraint: &str) {
        let value = value.map_or("null".into(), |v| format!("'{v}'"));
        self.0.push(format!("Value {value} at '{at}' failed to satisfy constraint: {constraint}"));
    }

    fn length(&mut self, value: &str, at: &str, min: usize, max: usize) {
        let length = value.chars().count();
        if length < min {
            self.add(Some(value), at, &format!("Member must have length greater than or equal to {min}"));
        } else if length > max {
            self.add(Some(value), at, &format!("Member must have length less than or equal to {max}"));
        }
    }

    fn pattern(&mut self, value: &str, at: &str, others: &str, pattern: &str) {
        let fits = |c: char| c.is_ascii_alphanumeric() || c == '_' || others.contains(c);
        if !value.chars().all(fits) {
            self.add(Some(value), at, &format!("Member must satisfy regular expression pattern: {pattern}"));
        }
    }

    fn settle(self) -> Result<(), StsError> {
        let plural = if self.0.len() == 1 { "" } else { "s" };
        match self.0.len() {
            0 => Ok(()),
            n => Err(StsError::new(
                "ValidationError",
                format!("{n} validation error{plural} detected: {}", self.0.join("; ")),
            )),
        }
    }
}

impl Parameters {
    /// From the form in the body, or from the query of a GET.
    pub fn read(asked: &Asked) -> Self {
        let parts = &asked.parts;
        let query = parts.uri.query().unwrap_or_default().as_bytes();
        let source = if parts.method == Method::GET { query } else { &asked.body };
        Self(form_urlencoded::parse(source).into_owned().collect())
    }

    /// One parameter.
    pub fn get(&self, name: &str) -> Option<&str> {
        self.0.get(name).map(String::as_str)
    }

    /// The members of a list.
    fn members<'a>(&'a self, list: &'a str) -> impl Iterator<Item = (&'a str, &'a str)> {
        let prefix = format!("{list}.member.");
        self.0.iter().filter_map(move |(name, value)| Some((name.strip_prefix(&prefix)?, value.as_str())))
    }

    /// The operation, of the one version that there is.
    pub fn operation(&self) -> Result<&str, StsError> {
        let action = self.get("Action").ok_or_else(|| {
            StsError::new("MissingAction", "The request is missing an action or a required parameter.")
        })?;
        let version = self.get("Version").unwrap_or("NO_VERSION_SPECIFIED");
        let known = ["AssumeRole", "AssumeRoleWithWebIdentity", "GetCallerIdentity"];
        if version != "2011-06-15" || !known.contains(&action) {
            let message = format!("Could not find operation {action} for version {version}");
            return Err(StsError::new("InvalidAction", message));
        }
        Ok(action)
    }

    /// What both ways to assume a role take; `token` is demanded by one of them.
    pub fn role_request(&self, token: bool) -> Result<RoleRequest, StsError> {
        let mut wrong = Violations::default();
        for (name, at, min, max) in [("RoleArn", "roleArn", 20, 2048), ("RoleSessionName", "roleSessionName", 2, 64)] {
            match self.get(name) {
                Some(value) => wrong.length(value, at, min, max),
                None => wrong.add(None, at, "Member must not be null"),
            }
        }
        if token {
            match self.get("WebIdentityToken") {
                // The token itself is a secret: AWS does not repeat it either.
                Some(value) if (4..=20_000).contains(&value.len()) => {}
                Some(value) if value.len() < 4 => {
                    wrong.add(Some(""), "webIdentityToken", "Member must have length greater than or equal to 4");
                }
                Some(_) => {
                    wrong.add(Some(""), "webIdentityToken", "Member must have length less than or equal to 20000");
                }
                None => wrong.add(None, "webIdentityToken", "Member must not be null"),
            }
        }
        let session_name = self.get("RoleSessionName").unwrap_or_default();
        wrong.pattern(session_name, "roleSessionName", "+=,.@-", "[\\w+=,.@-]*");
        if let Some(id) = self.get("ExternalId") {
            wrong.length(id, "externalId", 2, 1224);
            wrong.pattern(id, "externalId", "+=,.@:/-", "[\\w+=,.@:\\/-]*");
        }
        if let Some(identity) = self.get("SourceIdentity") {
            wrong.length(identity, "sourceIdentity", 2, 256);
            wrong.pattern(identity, "sourceIdentity", "+=,.@-", "[\\w+=,.@-]*");
        }
        if let Some(policy) = self.get("Policy") {
            wrong.length(policy, "policy", 1, 2048);
        }
        let duration_s = self.duration(&mut wrong)?;
        self.tags(&mut wrong);
        wrong.settle()?;
        if !self.get("RoleArn").is_some_and(|arn| arn.starts_with("arn:") && arn.contains(":role/")) {
            return Err(StsError::new("ValidationError", "Request ARN is invalid"));
        }
        if let Some(policy) = self.get("Policy")
            && serde_json::from_str::<serde_json::Map<String, serde_json::Value>>(policy).is_err()
        {
            return Err(StsError::new("MalformedPolicyDocument", "This policy contains invalid Json"));
        }
        Ok(RoleRequest {
            role_arn: self.get("RoleArn").unwrap_or_default().into(),
            session_name: session_name.into(),
            duration_s,
            packed_percent: self.packed()?,
        })
    }

    fn duration(&self, wrong: &mut Violations) -> Result<Option<u32>, StsError> {
        let Some(text) = self.get("DurationSeconds") else { return Ok(None) };
        let Ok(seconds) = text.parse::<i64>() else {
            return Err(StsError::new("MalformedInput", format!("DurationSeconds {text:?} is no integer")));
        };
        if seconds < 900 {
            wrong.add(Some(text), "durationSeconds", "Member must have value greater than or equal to 900");
        } else if seconds > 43_200 {
            wrong.add(Some(text), "durationSeconds", "Member must have value less than or equal to 43200");
        }
        Ok(u32::try_from(seconds).ok())
    }

    fn tags(&self, wrong: &mut Violations) {
        let keys: Vec<_> = self.members("Tags").filter(|(member, _)| member.ends_with(".Key")).collect();
        if keys.len() > 50 {
            wrong.add(Some("[...]"), "tags", "Member must have length less than or equal to 50");
        }
        for (member, value) in self.members("Tags") {
            let at = format!("tags.{}.member.{}", member.split('.').next().unwrap_or_default(), {
                if member.ends_with(".Key") { "key" } else { "value" }
            });
            wrong.length(value, &at, usize::from(member.ends_with(".Key")), {
                if member.ends_with(".Key") { 128 } else { 256 }
            });
        }
        if self.members("PolicyArns").count() > 10 {
            wrong.add(Some("[...]"), "policyArns", "Member must have length less than or equal to 10");
        }
    }

    /// How much of the 2048 characters that the simulator grants policy and tags together is used.
    fn packed(&self) -> Result<Option<usize>, StsError> {
        let lists = ["Tags", "PolicyArns"].into_iter().flat_map(|list| self.members(list));
        let size: usize = self.get("Policy").into_iter().chain(lists.map(|(_, value)| value)).map(str::len).sum();
        let percent = (size * 100).div_ceil(2048);
        if percent > 100 {
            let message = format!("Packed size of session tags consumes {percent}% of allotted size.");
            return Err(StsError::new("PackedPolicyTooLarge", message));
        }
        Ok((size > 0).then_some(percent))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parameters(form: &str) -> Parameters {
        Parameters(form_urlencoded::parse(form.as_bytes()).into_owned().collect())
    }

    const ARN: &str = "RoleArn=arn:aws:iam::123456789012:role/app";

    #[test]
    fn every_broken_constraint_is_told_in_awss_words() {
        let error = parameters("RoleSessionName=a+b&DurationSeconds=899").role_request(true).unwrap_err();
        assert_eq!((error.status, error.code.as_str()), (400, "ValidationError"));
        assert_eq!(
            error.message,
            "4 validation errors detected: Value null at 'roleArn' failed to satisfy constraint: Member must not be \
             null; Value null at 'webIdentityToken' failed to satisfy constraint: Member must not be null; Value 'a b' \
             at 'roleSessionName' failed to satisfy constraint: Member must satisfy regular expression pattern: \
             [\\w+=,.@-]*; Value '899' at 'durationSeconds' failed to satisfy constraint: Member must have value \
             greater than or equal to 900"
        );
    }

    #[test]
    fn a_policy_that_is_no_json_is_malformed() {
        let code = |policy: &str| {
            let form = format!("{ARN}&RoleSessionName=me&Policy={policy}");
            parameters(&form).role_request(false).map(|r| r.packed_percent).map_err(|e| e.code)
        };
        assert_eq!(code("%7B%7D"), Ok(Some(1)));
        assert_eq!(code("allow"), Err("MalformedPolicyDocument".into()));
    }

    #[test]
    fn tags_and_policy_that_are_too_large_together_are_refused() {
        let tags: String =
            (1..=9).map(|n| format!("&Tags.member.{n}.Key=k{n}&Tags.member.{n}.Value={:0250}", 0)).collect();
        let error = parameters(&format!("{ARN}&RoleSessionName=me{tags}")).role_request(false).unwrap_err();
        assert_eq!(error.code, "PackedPolicyTooLarge");
    }
}
