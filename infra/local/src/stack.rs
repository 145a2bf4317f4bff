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
use crate::functions::{FUNCTIONS, Function};
use crate::gateway::{self, Authorizer, Gateway};
use crate::inbox::{self, Inbox};
use crate::oidc::{self, Issuer, KeyError, SigningKey};
use crate::origin::{self, InnerPort, PortError};
use crate::portal::{self, Config, Headers};
use crate::runtime::{Host, HostError, InvokeError, Program};
use crate::schedules::{self, SWEEPS};
use crate::seed::{self, SeedError};
use crate::ses::{self, Faults, Ses};
use crate::settings::{
    Endpoints, FUNCTION_TIMEOUT, FunctionSetting, PORTAL_URL, RUST_LOG, SettingError, Settings, checkout,
};
use crate::table::{self, TableError};
use crate::terminal::Terminal;

/// Why the stack does not start.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// A setting makes no sense.
    #[error(transparent)]
    Setting(#[from] SettingError),
    /// There are no pages to serve.
    #[error("the portal is not built: run `make portal`")]
    NoPortal,
    /// The origin's port can't be had.
    #[error(transparent)]
    Port(#[from] PortError),
    /// No loopback port could be bound for SES.
    #[error("no port for SES: {0}")]
    SesPort(#[source] io::Error),
    /// A folder or file can't be used.
    #[error("{} can't be used: {error}", path.display())]
    File {
        /// Which one.
        path: PathBuf,
        /// Why not.
        error: io::Error,
    },
    /// The database does not open.
    #[error(transparent)]
    Database(#[from] DatabaseError),
    /// The table can't be made.
    #[error(transparent)]
    Table(#[from] TableError),
    /// No signing key.
    #[error(transparent)]
    Key(#[from] KeyError),
    /// A function does not start.
    #[error(transparent)]
    Functions(#[from] HostError),
    /// The first organisations can't be made.
    #[error("seeding failed: {0}")]
    Seed(#[from] SeedError),
}

/// A running stack.
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
    /// Starts everything, and waits until it works.
    ///
    /// # Errors
    ///
    /// Says what does not work and, where one can be known, what to do.
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
        let database_file = data_file(&settings, "seatkeeper.db");
        let database = database::serve(database_file.as_deref()).await?;
        table::create(&database.client(), &settings.value("TABLE_NAME", "seatkeeper")).await?;
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

        let key = SigningKey::generate()?;
        let keys = key.jwks()?;
        let issuer = Issuer::new(origin.clone(), key);
        let authorizer = Authorizer { issuer: issuer.name(), audience: oidc::AUDIENCE.to_owned(), keys };
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

    /// The one origin: `http://localhost:<port>`.
    #[must_use]
    pub fn url(&self) -> &str {
        &self.origin
    }

    /// The endpoint of the database, for a client of one's own.
    #[must_use]
    pub fn dynamodb_endpoint(&self) -> &str {
        self.database.endpoint()
    }

    /// The stack's own database and SES, whatever the functions call.
    #[must_use]
    pub fn endpoints(&self) -> &Endpoints {
        &self.endpoints
    }

    /// A client of the database.
    #[must_use]
    pub fn dynamodb(&self) -> aws_sdk_dynamodb::Client {
        self.database.client()
    }

    /// Hands an event to a function, past the gateway.
    ///
    /// # Errors
    ///
    /// When there is no such function, or no answer.
    pub async fn invoke(&self, function: &str, event: Value) -> Result<Value, InvokeError> {
        self.host.invoke(function, &event).await
    }

    /// Runs both sweeps once: expire, then deliver; what each returned.
    ///
    /// # Errors
    ///
    /// The first that has no answer.
    pub async fn sweep(&self) -> Result<[Value; 2], InvokeError> {
        let [expire, deliver] = SWEEPS;
        Ok([schedules::run(expire, &self.host).await?, schedules::run(deliver, &self.host).await?])
    }

    /// Kills all processes of a function, whatever they are doing, as a crash would; how many they were.
    #[must_use]
    pub fn kill(&self, function: &str) -> usize {
        self.host.kill(function)
    }

    /// Stops everything, and waits until the last process is gone.
    pub async fn stop(mut self) {
        self.schedules.shutdown().await;
        self.host.stop().await;
        self.tasks.shutdown().await;
        if let Some(logs) = self.passing_logs {
            // Whatever else lies there is not ours to delete, and keeps its folder.
            for function in FUNCTIONS {
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

/// `/healthz`: 200 once all is up.
fn health(ready: Arc<AtomicBool>) -> impl Fn() -> std::future::Ready<(StatusCode, &'static str)> + Clone {
    move || {
        std::future::ready(if ready.load(Ordering::SeqCst) {
            (StatusCode::OK, "ok\n")
        } else {
            (StatusCode::SERVICE_UNAVAILABLE, "starting\n")
        })
    }
}

/// What a file of the checkout says.
fn read<T>(path: &str, read: impl Fn(&Path) -> io::Result<T>) -> Result<T, StartError> {
    let path = checkout(path);
    read(&path).map_err(|error| StartError::File { path, error })
}

/// What the pages are told. The names of scopes are the API's own here.
fn config(settings: &Settings, issuer: String) -> Config {
    Config {
        issuer,
        client_id: oidc::CLIENT,
        scope_prefix: "",
        start_url: settings.start_url.clone(),
        mail_from: settings.mail_value("MAIL_FROM"),
        mail_subject: settings.mail_value("MAIL_SUBJECT"),
    }
}

/// Makes the data's folder ready, if anything is kept. Returns where the data of another version went.
fn prepare_data(settings: &Settings) -> Result<Option<PathBuf>, StartError> {
    let Some(data) = &settings.data else { return Ok(None) };
    data::prepare(data).map_err(|error| StartError::File { path: data.clone(), error })
}

/// The path of a file among the data; none if nothing is kept.
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
        settings: environment(settings, origin, endpoints, function, timeout.unwrap_or(function.timeout)),
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

/// The settings of a function: the same that `infra/template.yaml` gives it, and the endpoints.
fn environment(
    settings: &Settings,
    origin: &str,
    endpoints: &Endpoints,
    function: &Function,
    timeout: std::time::Duration,
) -> Vec<(String, String)> {
    let timeout = humantime::format_duration(timeout).to_string();
    let value = |(name, default): FunctionSetting| {
        let default = match name {
            PORTAL_URL => origin,
            FUNCTION_TIMEOUT => timeout.as_str(),
            _ => default,
        };
        (name, settings.value(name, default))
    };
    function
        .settings_and_defaults()
        .map(value)
        .chain([
            ("AWS_ENDPOINT_URL_DYNAMODB", endpoints.dynamodb.clone()),
            ("AWS_ENDPOINT_URL_SESV2", endpoints.ses.clone()),
        ])
        .chain(settings.env.get(RUST_LOG).map(|level| (RUST_LOG, level.clone())))
        .map(|(name, value)| (name.to_owned(), value))
        .collect()
}
