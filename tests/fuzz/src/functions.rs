//! The real handlers, store, SDK and mailer, before a fake table and SES. The fakes record every call and always return
//! the same deal with one pending invite.

use crate::handlers::{
    accept_invite, answer_invite, deal_seats, manage_deals, release_seat, resend_invite, send_invites,
};
use aws_sdk_dynamodb::config::{BehaviorVersion, Credentials, Region};
use aws_smithy_runtime_api::client::http::{
    HttpConnector, HttpConnectorFuture, SharedHttpClient, SharedHttpConnector, http_client_fn,
};
use aws_smithy_runtime_api::client::orchestrator::{HttpRequest, HttpResponse};
use aws_smithy_types::body::SdkBody;
use chrono::DateTime;
use lambda_runtime::Context;
use serde_json::{Value, json};
use shared::config::{Config, MailConfig};
use shared::domain::limit::{RecipientLimit, SendingLimits};
use shared::domain::{Deal, DealId, Email, InviteId};
use shared::http::{App, Event, Response, Tokens, answer};
use shared::mail::ses::Mailer;
use shared::sending::Sending;
use shared::store::Store;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

pub(crate) const INVITED: &str = "ann@example.com";

const TABLE: &str = "seatkeeper";

/// The operation and the body of a call.
pub(crate) type AwsCall = (String, String);

#[derive(Debug, Default)]
struct Wire {
    calls: Mutex<Vec<AwsCall>>,
    foreign: AtomicBool,
    /// The ids of the deal and its invite, once they are known.
    ids: Mutex<Option<(DealId, InviteId)>>,
}

#[derive(Clone, Debug, Default)]
struct Aws(Arc<Wire>);

impl HttpConnector for Aws {
    fn call(&self, request: HttpRequest) -> HttpConnectorFuture {
        let target = request.headers().get("x-amz-target").unwrap_or("SES.SendBulkEmail");
        let operation = target.rsplit('.').next().unwrap_or_default().to_owned();
        let body = String::from_utf8_lossy(request.body().bytes().unwrap_or_default()).into_owned();
        let (status, answer) = self.0.answer(&operation, &body);
        self.0.calls.lock().unwrap_or_else(PoisonError::into_inner).push((operation, body));
        HttpConnectorFuture::ready(Ok(HttpResponse::new(
            status.try_into().unwrap(),
            SdkBody::from(answer.to_string()),
        )))
    }
}

impl Wire {
    fn answer(&self, operation: &str, body: &str) -> (u16, Value) {
        let request: Value = body.parse().unwrap_or_default();
        let found = |key: &Value| self.item(key["pk"]["S"].as_str()?, key["sk"]["S"].as_str()?);
        let changed = &request["TransactItems"][0]["Update"]["Key"];
        let refused = "com.amazonaws.dynamodb.v20120810#";
        match operation {
            "GetItem" => (200, found(&request["Key"]).map_or(json!({}), |item| json!({"Item": item}))),
            "BatchGetItem" => {
                let keys = request["RequestItems"][TABLE]["Keys"].as_array().cloned().unwrap_or_default();
                let items: Vec<_> = keys.iter().filter_map(found).collect();
                (200, json!({"Responses": {TABLE: items}, "UnprocessedKeys": {}}))
            }
            // A page of open invites has the one invite. All other pages are empty.
            "Query" if body.contains("#o\"") => {
                let ids = *self.ids.lock().unwrap();
                let found = ids.and_then(|(deal, one)| self.item(&format!("D#{deal}"), &format!("I#{one}")));
                let items: Vec<_> = found.into_iter().collect();
                (200, json!({"Count": items.len(), "ScannedCount": items.len(), "Items": items}))
            }
            "Query" => (200, json!({"Items": [], "Count": 0, "ScannedCount": 0})),
            "PutItem" if request["ConditionExpression"] == "attribute_not_exists(pk)" => {
                let kind = format!("{refused}ConditionalCheckFailedException");
                found(&request["Item"])
                    .map_or((200, json!({})), |invite| (400, json!({"__type": kind, "Item": invite})))
            }
            // An accept fails at its first action, the invite. So does a change of an unknown deal.
            "TransactWriteItems"
                if body.contains("allocated + :one")
                    || changed["sk"]["S"] == "DEAL" && found(changed).is_none() =>
            {
                let actions = request["TransactItems"].as_array().map_or(0, Vec::len);
                let mut reasons = vec![json!({"Code": "None"}); actions];
                reasons[0] = json!({"Code": "ConditionalCheckFailed"});
                let kind = format!("{refused}TransactionCanceledException");
                (400, json!({"__type": kind, "CancellationReasons": reasons}))
            }
            "PutItem" | "UpdateItem" | "DeleteItem" | "TransactWriteItems" => (200, json!({})),
            _ => {
                let mails = request["BulkEmailEntries"].as_array().map_or(0, Vec::len);
                let sent = json!({"Status": "SUCCESS", "MessageId": "m"});
                (200, json!({"BulkEmailEntryResults": vec![sent; mails]}))
            }
        }
    }

    fn item(&self, pk: &str, sk: &str) -> Option<Value> {
        let ids = *self.ids.lock().unwrap_or_else(PoisonError::into_inner);
        let organisation = if self.foreign.load(Ordering::Relaxed) { "globex" } else { "acme" };
        match (ids, sk) {
            // Before the deal's id is known, every deal is the one.
            (None, "DEAL") => Some(deal(pk, organisation)),
            (Some((id, _)), "DEAL") if pk == format!("D#{id}") => Some(deal(pk, organisation)),
            (Some((id, one)), sk) if pk == format!("D#{id}") && sk == format!("I#{one}") => {
                Some(invite(pk, sk))
            }
            _ => None,
        }
    }
}

fn deal(pk: &str, organisation: &str) -> Value {
    json!({
        "pk": {"S": pk}, "sk": {"S": "DEAL"}, "v": {"N": "2"}, "name": {"S": "Unlimited"},
        "organisationId": {"S": organisation}, "organisationName": {"S": "The organisation"},
        "seats": {"N": "9"}, "allocated": {"N": "3"}, "startsAt": {"N": "1600000000"}, "endsAt": {"N": "4000000000"},
        "revision": {"N": "2"}, "salt": {"S": "CQkJCQkJCQkJCQkJCQkJCQkJCQkJCQkJCQkJCQkJCQk"},
        "shortestLifetime": {"N": "60"}, "purgeAt": {"N": "4100000000"}, "addressPk": {"S": "O#x"},
        "addressSk": {"S": "x"},
    })
}

fn invite(pk: &str, sk: &str) -> Value {
    json!({
        "pk": {"S": pk}, "sk": {"S": sk}, "v": {"N": "2"}, "version": {"N": "2"}, "writers": {"L": [{"S": "AAAAAAAA"}]},
        "status": {"S": "open"}, "email": {"S": INVITED}, "sends": {"N": "1"}, "queuedAt": {"N": "1790000000000"},
        "attemptedAt": {"N": "1790000000"}, "attempts": {"N": "1"},
        "expiresAt": {"N": "3900000000"}, "delivery": {"S": "sent"}, "sentAt": {"N": "1790000000"},
        "links": {"L": [{"S": "47DEQpj8HBSa-_TImW-5JCeuQeRkm5NMpJWZG3hSuFU"}]}, "listPk": {"S": format!("{}#o", &pk[2..])},
        "listSk": {"S": "1790000000000999AAAAAAAAAAAAAAAA"},
    })
}

const UNLIMITED: SendingLimits =
    SendingLimits { recipient: RecipientLimit::NONE, manager_per_hour: 0, deal_per_day: Some(0) };

pub(crate) struct Functions {
    wire: Arc<Wire>,
    /// The store of a process that cached the deal as another organisation's.
    foreign_store: Store,
    sending: Sending,
    runtime: tokio::runtime::Runtime,
    pub(crate) deal: DealId,
    /// The id of the invite of [`INVITED`].
    pub(crate) invite: InviteId,
}

impl Functions {
    pub(crate) fn new() -> Self {
        let aws = Aws::default();
        let wire = Arc::clone(&aws.0);
        let client: SharedHttpClient = http_client_fn(move |_, _| SharedHttpConnector::new(aws.clone()));
        let table = aws_sdk_dynamodb::Config::builder()
            .behavior_version(BehaviorVersion::v2026_01_12())
            .region(Region::new("eu-west-1"))
            .credentials_provider(Credentials::new("test", "test", None, None, "test"))
            .http_client(client.clone());
        let ses = aws_sdk_sesv2::Config::builder()
            .behavior_version(BehaviorVersion::v2026_01_12())
            .region(Region::new("eu-west-1"))
            .credentials_provider(Credentials::new("test", "test", None, None, "test"))
            .http_client(client);
        let (store, foreign_store) = (Store::new(table.clone(), TABLE), Store::new(table, TABLE));
        let days = chrono::Duration::days;
        let config = Config {
            tokens: Tokens { organisation_claim: "org".to_owned(), ..Tokens::default() },
            lifetime: days(28),
            retention: days(365),
            ..Config::default()
        };
        let mail = MailConfig {
            from: "invites@seatkeeper.example".to_owned(),
            subject: "Invitation".to_owned(),
            link_text: "Click here".to_owned(),
            portal: "https://seatkeeper.example".to_owned(),
            lease: chrono::Duration::seconds(60),
            ..MailConfig::default()
        };
        let mailer = Mailer::new(ses, &mail);
        let sending = Sending { store: store.clone(), mailer, mail, config, limits: UNLIMITED };
        let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap();
        let deal = DealId::new([1; 14], DateTime::from_timestamp(4_100_000_000, 0).unwrap()).unwrap();
        let known: Deal = runtime.block_on(store.deal(deal)).unwrap().unwrap();
        let invite = known.invite_id(&Email::parse(INVITED).unwrap());
        *wire.ids.lock().unwrap() = Some((deal, invite));
        Self { wire, foreign_store, sending, runtime, deal, invite }
    }

    /// A function's response to this event, and its calls to AWS.
    pub(crate) fn invoke(&self, function: &str, event: Event, foreign: bool) -> (Response, Vec<AwsCall>) {
        self.wire.foreign.store(foreign, Ordering::Relaxed);
        self.wire.calls.lock().unwrap_or_else(PoisonError::into_inner).clear();
        let mut context = Context::default();
        // Far from now, because timeouts are not tested here.
        context.deadline = 4_000_000_000_000;
        let mut sending = self.sending.clone();
        if foreign {
            sending.store = self.foreign_store.clone();
        }
        let config = &sending.config;
        let app = App { store: sending.store.clone(), config: config.clone() };
        let route = async |request| match function {
            "accept-invite" => accept_invite::route(&app, request).await,
            "answer-invite" => answer_invite::route(&app, request).await,
            "deal-seats" => deal_seats::route(&app, request).await,
            "manage-deals" => manage_deals::route(&app, request).await,
            "release-seat" => release_seat::route(&app, request).await,
            "resend-invite" => resend_invite::route(&sending, request).await,
            _ => send_invites::route(&sending, request).await,
        };
        let answered = self.runtime.block_on(answer(config, &route, event, &context));
        let calls = std::mem::take(&mut *self.wire.calls.lock().unwrap_or_else(PoisonError::into_inner));
        (answered, calls)
    }
}
