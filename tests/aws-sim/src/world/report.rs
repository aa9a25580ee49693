//! What does a world tell of itself: where it is, what is true, what is secret, and who signs in?

use super::World;
use crate::clock::{imds_time, now};
use crate::container::pod_identity;
use crate::roles::Holder;
use crate::state::State;
use crate::{signin, sso, sts};
use serde_json::{Map, Value, json};

impl World {
    /// The reply to `POST /worlds`, without the world's name: every URL, and the users' keys.
    pub fn reply(&self) -> Value {
        let mut reply = json!({"imds": self.imds, "sqs": self.sqs, "ecs_relative_uri": self.ecs_relative_uri});
        for (name, url) in &self.services {
            reply[*name] = json!(url);
        }
        let state = self.state();
        let users = state.keys.users().iter().map(|user| {
            json!({
                "name": user.name,
                "arn": user.principal.arn,
                "access_key_id": user.access_key_id,
                "secret_access_key": user.secret_access_key,
            })
        });
        reply["users"] = users.collect();
        reply
    }

    /// The reply to `GET /worlds/ID/truth`: all keys without their secrets, and what each role on a schedule has now.
    pub fn truth(&self) -> Value {
        let state = self.state();
        let mut truth = Map::new();
        truth.insert("sets".into(), json!(state.keys.sets()));
        truth.insert("users".into(), json!(state.keys.users()));
        for (name, holder) in [("serving", Holder::Imds), ("ecs", Holder::Ecs), ("pod_identity", Holder::PodIdentity)] {
            truth.insert(name.into(), serving(&state, holder));
        }
        truth.insert("sts_roles".into(), json!(state.sts.all()));
        Value::Object(truth)
    }

    /// The reply to `GET /worlds/ID/secrets`: every secret of this world, to look for in logs.
    pub fn secrets(&self) -> Value {
        let state = self.state();
        let sets = state.keys.sets().iter().flat_map(|s| [&s.secret_access_key, &s.session_token]);
        let users = state.keys.users().iter().map(|user| &user.secret_access_key);
        json!({ "secrets": sets.chain(users).chain(&state.secrets).collect::<Vec<_>>() })
    }

    /// What a web identity token file holds (`POST /worlds/ID/web-identity-token`).
    pub fn web_identity_token(&self, request: &sts::TokenRequest) -> Value {
        sts::web_identity_token(&mut self.state(), request, now().timestamp())
    }

    /// The pod's next token (`POST /worlds/ID/pod-identity-token`).
    pub fn pod_identity_token(&self, request: &pod_identity::TokenRequest) -> Value {
        pod_identity::token(&mut self.state(), request, now().timestamp())
    }

    /// What `aws sso login` leaves behind (`POST /worlds/ID/sso-login`).
    pub fn sso_login(&self, request: &sso::LoginRequest) -> Value {
        sso::login(&mut self.state(), &self.config, request, now())
    }

    /// What `aws login` leaves behind (`POST /worlds/ID/login`).
    pub fn login(&self, request: &signin::LoginRequest) -> Value {
        signin::login(&mut self.state(), &self.config, request, now())
    }
}

fn serving(state: &State, holder: Holder) -> Value {
    let role = state.holders.get(holder);
    let current = role.current_now().map(|i| state.keys.set(i));
    json!({
        "role": role.role.name,
        "account_id": role.account_id,
        "access_key_id": current.map(|s| &s.access_key_id),
        "expiration": current.map(|s| imds_time(s.expiration)),
        "renewal_due": role.due(&state.keys, now()),
    })
}
