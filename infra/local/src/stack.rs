//! The whole stack: started in order, stopped as one.
//!
//! Invariant: once [`Stack::start`] returns, everything works. Once the [`Stack`] is stopped or dropped, none of its
//! processes and ports is left.

use std::io;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, LazyLock, Mutex};

use axum::extract::State;
use axum::middleware::from_fn;
use axum::routing::get;
use dynoxide::DynoxideError;
use http::StatusCode;
use serde_json::{Value, json};
use tokio::sync::mpsc;
use tokio::task::JoinSet;

use crate::database::{self, Database};
use crate::functions::{DELIVER_INVITES, EXPIRE_INVITES, FUNCTIONS, Function};
use crate::gateway::{self, Gateway};
use crate::inbox::{self, Inbox};
use crate::oidc::{self, Issuer, Key};
use crate::origin::Port;
use crate::runtime::{Host, InvokeError, Program};
use crate::ses::{self, Events, Ses};
use crate::settings::{EVENT_TOPIC, Endpoints, MAIL_FROM, PORTAL_URL, RUST_LOG, Settings, TABLE_NAME};
use crate::terminal::Terminal;
use crate::{clock, data, portal, schedules, seed, template};

/// Of all stacks in this process, because the search for the key's primes takes up to a second.
static KEY: LazyLock<Option<Key>> = LazyLock::new(|| Key::generate().ok());

/// Why the stack can't start, and what to do.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    #[error("{name}={value} is not valid. Set {name} to {expected}")]
    Setting { name: &'static str, value: String, expected: &'static str },
    #[error("the portal is not built. Build it first: make portal")]
    NoPortal,
    #[error("port {0} is in use. Stop the program that uses it, or choose another port: PORT={next} make run", next = .0.wrapping_add(1).max(1024))]
    Busy(u16),
    #[error("port {0} can't be used: {1}")]
    Port(u16, #[source] io::Error),
    #[error("{} can't be used: {error}", path.display())]
    File { path: PathBuf, error: io::Error },
    #[error("the database {} can't be opened: {reason}. Move the file away to start with an empty one", path.display())]
    Database { path: PathBuf, reason: String },
    #[error("the table can't be created: {0}")]
    Table(#[from] DynoxideError),
    #[error("the issuer's signing key can't be created")]
    Key,
    #[error("{} does not exist. Build the functions first: make build", .0.display())]
    NoFunction(PathBuf),
    #[error(transparent)]
    Function(#[from] InvokeError),
    #[error("the sample deals can't be created: {0}")]
    Seed(#[from] reqwest::Error),
}

pub struct Stack {
    pub url: String,
    /// The stack's own database and SES, even if the functions call others.
    pub endpoints: Endpoints,
    database: Database,
    host: Arc<Host>,
    /// The servers. They end when this is dropped.
    servers: JoinSet<()>,
    schedules: JoinSet<()>,
    /// The folder of logs that goes with the stack, unless a test fails.
    passing_logs: Option<PathBuf>,
}

impl Drop for Stack {
    fn drop(&mut self) {
        if let Some(logs) = self.passing_logs.take().filter(|_| !std::thread::panicking()) {
            // Other files in the folder are not ours to delete. They keep the folder.
            for function in FUNCTIONS.iter() {
                let _not_there = std::fs::remove_file(log_file(&logs, function));
            }
            let _not_empty = std::fs::remove_dir(logs);
        }
    }
}

impl Stack {
    pub async fn start(settings: Settings) -> Result<Self, StartError> {
        let begun = clock::now();
        let terminal = Terminal { quiet: settings.quiet };
        if settings.portal.as_ref().is_some_and(|pages| !pages.join("index.html").is_file()) {
            return Err(StartError::NoPortal);
        }
        terminal.line("Seatkeeper, the whole stack on this machine");
        // The port comes first: a second stack on the same port fails here, before it uses the data.
        let port = Port::bind(settings.port).await?;
        let origin = format!("http://localhost:{}", port.number);

        if let Some(data) = &settings.data
            && let Some(old) =
                data::prepare(data).map_err(|error| StartError::File { path: data.clone(), error })?
        {
            terminal.line(&format!(
                "  An older version stored the data here. It is now in {}/, and this stack starts empty.",
                old.display()
            ));
        }
        // The database and the functions start in that time.
        let key = tokio::task::spawn_blocking(|| KEY.clone());
        let in_data = |name: &str| settings.data.as_ref().map(|data| data.join(name));
        let file = in_data("seatkeeper.db");
        let database = database::serve(file.as_deref()).await?;
        database.create_table(&settings.value(TABLE_NAME, None).unwrap_or_default())?;
        terminal.step("database", &file.map_or("in memory".to_owned(), |file| file.display().to_string()));

        let file = in_data("inbox.jsonl");
        let inbox = Inbox::open(file.as_deref(), terminal);
        let inbox = inbox.map_err(|error| StartError::File { path: file.unwrap_or_default(), error })?;
        let ses_port = Port::bind(0).await?;
        let endpoints = Endpoints { dynamodb: database.endpoint.clone(), ses: ses_port.url() };
        let (queue, events) = mpsc::unbounded_channel();
        let topic = settings.value(EVENT_TOPIC, None).unwrap_or_default();
        let ses = Arc::new(Ses {
            inbox,
            fault: Mutex::default(),
            events: Events { topic, queue },
            tells: settings.mail_events,
            suppressed: Mutex::default(),
        });
        let mut servers = JoinSet::new();
        servers.spawn(ses_port.serve(ses::router(Arc::clone(&ses))));

        let host = Arc::new(Host::start(programs(&settings, &origin, &endpoints)?).await?);
        terminal.step("functions", &format!("all {} are ready", FUNCTIONS.len()));
        servers.spawn(ses::hand_over(events, Arc::clone(&host), terminal));

        let key = key.await.ok().flatten().ok_or(StartError::Key)?;
        let issuer = Arc::new(Issuer::new(origin.clone(), key, settings.issuer_like));
        let gateway = Arc::new(Gateway {
            issuer: Arc::clone(&issuer),
            host: Arc::clone(&host),
            port: port.number,
            terminal,
            ready: AtomicBool::new(false),
        });
        // On AWS, CloudFront serves the portal and the API. The other routes exist only here.
        let config = config(&settings, &issuer.name());
        let app = portal::router(settings.portal.as_deref(), origin.clone(), config)
            .merge(gateway::router(Arc::clone(&gateway)))
            .layer(from_fn(portal::add))
            .merge(inbox::router(ses))
            .merge(schedules::router(Arc::clone(&host)))
            .nest("/oidc", oidc::router(issuer))
            .route("/healthz", get(health).with_state(Arc::clone(&gateway)));
        servers.spawn(port.serve(app));

        if settings.seed && seed::seed(&origin, clock::now()).await? {
            terminal.step("deals", "samples: acme (100 seats), globex (3 seats)");
        }
        let every = settings.sweep_every;
        let schedules = every.map(|every| schedules::start(&host, every, terminal)).unwrap_or_default();
        gateway.ready.store(true, Ordering::SeqCst);
        let millis = (clock::now() - begun).num_milliseconds();
        terminal.line(&summary(&settings, &origin, &endpoints.dynamodb, millis));
        let passing_logs = (!settings.keep_logs).then_some(settings.logs);
        Ok(Self { url: origin, endpoints, database, host, servers, schedules, passing_logs })
    }

    #[must_use]
    pub fn dynamodb(&self) -> aws_sdk_dynamodb::Client {
        self.database.client()
    }

    pub async fn invoke(&self, function: &str, event: Value) -> Result<Value, InvokeError> {
        self.host.invoke(function, &event).await
    }

    pub async fn sweep(&self) -> Result<[Value; 2], InvokeError> {
        let expired = schedules::run(EXPIRE_INVITES, &self.host).await?;
        Ok([expired, schedules::run(DELIVER_INVITES, &self.host).await?])
    }

    /// Kills all processes of a function in the middle of their work, as a crash would. Returns how many there were.
    #[must_use]
    pub fn kill(&self, function: &str) -> usize {
        self.host.kill(function)
    }

    pub async fn stop(mut self) {
        self.schedules.shutdown().await;
        self.host.stop().await;
        self.servers.shutdown().await;
    }
}

/// What a person at the terminal needs to know. `tests/browser/stack.mjs` reads the portal's line.
fn summary(settings: &Settings, url: &str, dynamodb: &str, millis: i64) -> String {
    let people = oidc::PEOPLE.map(|(email, _)| email).join(", ");
    let data = settings.data.as_ref().map_or("in memory".to_owned(), |data| format!("{}/", data.display()));
    let sweeps = settings.sweep_every.map(humantime::format_duration);
    let sweeps = sweeps.map_or("never".to_owned(), |every| format!("every {every}"));
    let logs = settings.logs.display();
    format!(
        "\nReady after {millis} ms\n\n  \
         portal      {url}/\n  \
         inbox       {url}/inbox\n  \
         API         {url}/api\n  \
         issuer      {url}/oidc\n  \
         sign in as  {people}\n  \
         DynamoDB    {dynamodb}\n\n  \
         data        {data}\n  \
         logs        {logs}/\n  \
         sweeps      {sweeps}\n\n\
         Press Ctrl-C to stop.\n"
    )
}

async fn health(State(gateway): State<Arc<Gateway>>) -> (StatusCode, &'static str) {
    let starting = (StatusCode::SERVICE_UNAVAILABLE, "starting\n");
    if gateway.ready.load(Ordering::SeqCst) { (StatusCode::OK, "ok\n") } else { starting }
}

/// `/config.json`, the settings of the pages. On AWS, a deployment writes it (`infra/deploy.py`).
fn config(settings: &Settings, issuer: &str) -> Value {
    let like = settings.issuer_like;
    json!({
        "issuer": issuer,
        "clientId": oidc::CLIENT,
        "scopePrefix": like.scope_prefix,
        "tokenScopePrefix": like.setting("TOKEN_SCOPE_PREFIX"),
        "entitlementClaim": like.setting("ENTITLEMENT_CLAIM"),
        // As `AUTHORIZE_PARAMETERS` has them.
        "authorizeParameters": form_urlencoded::Serializer::new(String::new()).extend_pairs(&like.authorize).finish(),
        "startUrl": settings.start_url,
        // Learners and their IT recognise mails by these.
        "mailFrom": settings.value(MAIL_FROM, None),
        "mailSubject": settings.value("MAIL_SUBJECT", template::parameter("MailSubject")),
        "inviteLifetime": settings.value("INVITE_LIFETIME", template::parameter("InviteLifetime")),
    })
}

fn programs(settings: &Settings, origin: &str, own: &Endpoints) -> Result<Vec<Program>, StartError> {
    let endpoints = settings.in_between.as_ref().unwrap_or(own);
    let timeout = settings.function_timeout()?;
    let program = |function: &Function| Program {
        name: function.name,
        binary: settings.functions_dir.join(function.name),
        timeout: timeout.unwrap_or(function.timeout),
        memory: function.memory,
        settings: environment(settings, origin, endpoints, function),
        log: log_file(&settings.logs, function),
        echo_log: settings.echo_logs,
    };
    Ok(FUNCTIONS.iter().map(program).collect())
}

fn log_file(logs: &Path, function: &Function) -> PathBuf {
    logs.join(format!("{}.log", function.name))
}

fn environment(
    settings: &Settings,
    origin: &str,
    endpoints: &Endpoints,
    function: &Function,
) -> Vec<(String, String)> {
    let value = |(name, default): (&&'static str, &Option<String>)| {
        let default = if *name == PORTAL_URL { Some(origin.to_owned()) } else { default.clone() };
        Some((*name, settings.value(name, default)?))
    };
    let own = function.settings.iter().filter_map(value);
    own.chain([
        ("AWS_ENDPOINT_URL_DYNAMODB", endpoints.dynamodb.clone()),
        ("AWS_ENDPOINT_URL_SESV2", endpoints.ses.clone()),
    ])
    .chain(settings.env.get(RUST_LOG).map(|level| (RUST_LOG, level.clone())))
    .map(|(name, value)| (name.to_owned(), value))
    .collect()
}
