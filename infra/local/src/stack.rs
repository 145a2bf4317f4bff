//! The whole stack, started in order and stopped as one.
//!
//! Invariant: once [`Stack::start`] returns, everything works; when the [`Stack`] is stopped or dropped, no process and
//! no port of it is left.

use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use axum::Router;
use axum::middleware::from_fn_with_state;
use axum::routing::get;
use http::StatusCode;
use serde_json::Value;
use tokio::net::TcpListener;
use tokio::task::JoinSet;

use crate::clock::{self, Stopwatch};
use crate::data;
use crate::database::{self, Database, DatabaseError};
use crate::functions::{DELIVER_INVITES, EXPIRE_INVITES, FUNCTIONS, Function};
use crate::gateway::{self, Authorizer, Gateway};
use crate::inbox::{self, Inbox};
use crate::oidc::{self, Issuer, KeyError, SigningKey};
use crate::origin::{self, InnerPort, PortError};
use crate::portal::{self, Config, Headers};
use crate::runtime::{Host, HostError, InvokeError, Program};
use crate::schedules;
use crate::seed::{self, SeedError};
use crate::ses::{self, Faults, Ses};
use crate::settings::{
    Endpoints, MAIL_FROM, PORTAL_URL, RUST_LOG, SettingError, Settings, TABLE_NAME, checkout,
};
use crate::template;
use crate::terminal::Terminal;

#[derive(Debug, thiserror::Error)]
pub enum StartError {
    #[error(transparent)]
    Setting(#[from] SettingError),
    #[error("the portal is not built: run `make portal`")]
    NoPortal,
    #[error(transparent)]
    Port(#[from] PortError),
    #[error("no port for SES: {0}")]
    SesPort(#[source] io::Error),
    #[error("{} can't be used: {error}", path.display())]
    File { path: PathBuf, error: io::Error },
    #[error(transparent)]
    Database(#[from] DatabaseError),
    #[error(transparent)]
    Key(#[from] KeyError),
    #[error(transparent)]
    Functions(#[from] HostError),
    #[error("seeding failed: {0}")]
    Seed(#[from] SeedError),
}

#[derive(Debug)]
pub struct Stack {
    origin: String,
    database: Database,
    endpoints: Endpoints,
    host: Arc<Host>,
    /// Servers and schedules: they end when this is dropped.
    tasks: JoinSet<()>,
    /// The logs that go with the stack.
    passing_logs: Option<PathBuf>,
    schedules: JoinSet<()>,
}

impl Stack {
    pub async fn start(settings: Settings) -> Result<Self, StartError> {
        let watch = Stopwatch::start();
        let terminal = Terminal::new(settings.quiet);
        if settings.portal.as_ref().is_some_and(|pages| !pages.join("index.html").is_file()) {
            return Err(StartError::NoPortal);
        }
        terminal.line("Seatkeeper, the whole stack on this machine");
        // The port comes first: whoever runs two stacks learns that before the second touches any data.
        let listeners = origin::listen(settings.port).await?;
        let origin = format!("http://localhost:{}", listeners.port);
        let headers = read("portal/headers.json", Headers::read)?;

        if let Some(aside) = prepare_data(&settings)? {
            let aside = aside.display();
            terminal.line(&format!(
                "  The data here is of an older version. It is now in {aside}/, and this stack begins anew."
            ));
        }
        // Finding its primes takes up to a second, and the functions start meanwhile.
        let signing_key = tokio::task::spawn_blocking(SigningKey::generate);
        let database_file = data_file(&settings, "seatkeeper.db");
        let database = database::serve(database_file.as_deref()).await?;
        database.create_table(&settings.value(TABLE_NAME, None).unwrap_or_default())?;
        terminal.step(
            "database",
            &database_file.map_or("in memory".to_owned(), |file| file.display().to_string()),
        );

        let inbox = open_inbox(&settings, terminal)?;
        let faults = Arc::new(Faults::default());
        let ses_port = InnerPort::bind().await.map_err(StartError::SesPort)?;
        let endpoints = Endpoints { dynamodb: database.endpoint().to_owned(), ses: ses_port.url() };
        let ses = Ses { inbox: Arc::clone(&inbox), faults: Arc::clone(&faults) };
        let mut tasks = JoinSet::new();
        tasks.spawn(ses_port.serve(ses::router(Arc::new(ses))));

        let host = Arc::new(Host::start(programs(&settings, &origin, &endpoints)?).await?);
        terminal.step("functions", &format!("all {} ask for work", FUNCTIONS.len()));

        let signing_key = signing_key.await.map_err(|_| KeyError::Generate)??;
        let key = signing_key.verification_key();
        let issuer = Issuer::new(origin.clone(), signing_key);
        let authorizer = Authorizer { issuer: issuer.name(), audience: oidc::AUDIENCE.to_owned(), key };
        let ready = Arc::new(AtomicBool::new(false));
        let gateway = Gateway {
            authorizer,
            host: Arc::clone(&host),
            port: listeners.port,
            terminal,
            ready: Arc::clone(&ready),
        };
        // On AWS the portal and the API are what CloudFront answers; the rest is of this stack only.
        let app =
            portal::router(settings.portal.as_deref(), origin.clone(), config(&settings, issuer.name()))
                .merge(gateway::router(Arc::new(gateway)))
                .layer(from_fn_with_state(Arc::new(headers), portal::add))
                .merge(inbox::router(inbox, faults))
                .nest("/oidc", oidc::router(Arc::new(issuer)))
                .route("/healthz", get(health(Arc::clone(&ready))));
        let app = origin::guarded(app, listeners.port);
        for listener in listeners.listeners {
            tasks.spawn(serve(listener, app.clone()));
        }

        let passing_logs = (!settings.keep_logs).then(|| settings.logs.clone());
        let mut stack =
            Self { origin, database, endpoints, host, tasks, passing_logs, schedules: JoinSet::new() };
        if settings.seed && seed::seed(stack.url(), clock::now()).await? {
            terminal.step("seeded", "acme (100 seats), globex (3 seats)");
        }
        if let Some(every) = settings.sweep_every {
            stack.schedules = schedules::start(&stack.host, every, terminal);
        }
        ready.store(true, Ordering::SeqCst);
        let millis = watch.elapsed().as_millis();
        terminal.line(&stack.where_everything_is(&settings, millis));
        Ok(stack)
    }

    fn where_everything_is(&self, settings: &Settings, millis: u128) -> String {
        let (url, logs) = (self.url(), settings.logs.display());
        let people = oidc::PEOPLE.iter().map(|(email, _)| *email).collect::<Vec<_>>().join(", ");
        let data =
            settings.data.as_deref().map_or("in memory".to_owned(), |data| format!("{}/", data.display()));
        let sweeps = settings
            .sweep_every
            .map_or("stopped".to_owned(), |every| format!("every {}", humantime::format_duration(every)));
        format!(
            "\nReady after {millis} ms\n\n  \
             portal      {url}/\n  \
             inbox       {url}/inbox\n  \
             API         {url}/api\n  \
             issuer      {url}/oidc\n  \
             sign in as  {people}\n  \
             DynamoDB    {}\n\n  \
             data        {data}\n  \
             logs        {logs}/\n  \
             sweeps      {sweeps}\n\n\
             Ctrl-C ends it.\n",
            self.dynamodb_endpoint(),
        )
    }

    #[must_use]
    pub fn url(&self) -> &str {
        &self.origin
    }

    #[must_use]
    pub fn dynamodb_endpoint(&self) -> &str {
        self.database.endpoint()
    }

    /// The stack's own database and SES, whatever the functions call.
    #[must_use]
    pub fn endpoints(&self) -> &Endpoints {
        &self.endpoints
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

    /// Kills all processes of a function, whatever they are doing, as a crash would; how many they were.
    #[must_use]
    pub fn kill(&self, function: &str) -> usize {
        self.host.kill(function)
    }

    pub async fn stop(mut self) {
        self.schedules.shutdown().await;
        self.host.stop().await;
        self.tasks.shutdown().await;
        if let Some(logs) = self.passing_logs {
            // Whatever else lies there is not ours to delete, and keeps its folder.
            for function in FUNCTIONS.iter() {
                let _not_there = std::fs::remove_file(log_file(&logs, function));
            }
            let _not_empty = std::fs::remove_dir(logs);
        }
    }
}

async fn serve(listener: TcpListener, app: Router) {
    // Serving ends with the task that runs it; it can't fail before that.
    let _ended = axum::serve(listener, app).await;
}

fn health(ready: Arc<AtomicBool>) -> impl Fn() -> std::future::Ready<(StatusCode, &'static str)> + Clone {
    move || {
        std::future::ready(if ready.load(Ordering::SeqCst) {
            (StatusCode::OK, "ok\n")
        } else {
            (StatusCode::SERVICE_UNAVAILABLE, "starting\n")
        })
    }
}

fn read<T>(path: &str, read: impl Fn(&Path) -> io::Result<T>) -> Result<T, StartError> {
    let path = checkout(path);
    read(&path).map_err(|error| StartError::File { path, error })
}

fn config(settings: &Settings, issuer: String) -> Config {
    Config {
        issuer,
        client_id: oidc::CLIENT,
        scope_prefix: "",
        start_url: settings.start_url.clone(),
        mail_from: settings.value(MAIL_FROM, None).unwrap_or_default(),
        mail_subject: settings.value("MAIL_SUBJECT", template::parameter("MailSubject")).unwrap_or_default(),
    }
}

/// Makes the data's folder ready, if anything is kept. Returns where the data of another version went.
fn prepare_data(settings: &Settings) -> Result<Option<PathBuf>, StartError> {
    let Some(data) = &settings.data else { return Ok(None) };
    data::prepare(data).map_err(|error| StartError::File { path: data.clone(), error })
}

fn data_file(settings: &Settings, name: &str) -> Option<PathBuf> {
    settings.data.as_ref().map(|data| data.join(name))
}

fn open_inbox(settings: &Settings, terminal: Terminal) -> Result<Arc<Inbox>, StartError> {
    let file = data_file(settings, "inbox.jsonl");
    let inbox = Inbox::open(file.as_deref(), terminal);
    inbox.map(Arc::new).map_err(|error| StartError::File { path: file.unwrap_or_default(), error })
}

fn programs(settings: &Settings, origin: &str, own: &Endpoints) -> Result<Vec<Program>, SettingError> {
    let endpoints = settings.in_between.as_ref().unwrap_or(own);
    let timeout = settings.function_timeout()?;
    let program = |function: &Function| Program {
        name: function.name,
        binary: binary(&settings.functions_dir, function.name),
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

fn binary(folder: &Path, name: &str) -> PathBuf {
    folder.join(format!("{name}{}", std::env::consts::EXE_SUFFIX))
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
    function
        .settings
        .iter()
        .filter_map(value)
        .chain([
            ("AWS_ENDPOINT_URL_DYNAMODB", endpoints.dynamodb.clone()),
            ("AWS_ENDPOINT_URL_SESV2", endpoints.ses.clone()),
        ])
        .chain(settings.env.get(RUST_LOG).map(|level| (RUST_LOG, level.clone())))
        .map(|(name, value)| (name.to_owned(), value))
        .collect()
}
