"""One emulator for all tests, with the real template deployed to it twice: with tokens of a local issuer, and with the
stack's own user pool."""

import contextlib
import os
import shutil
import socket
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).resolve().parent))

import cloud
from cloud import (
    FOLDER,
    MINISTACK,
    ROOT,
    SENDER,
    SES_CHECKS,
    SES_NAMES,
    SIGN_IN_SENDER,
    TOOLS,
    Emulator,
    Issuer,
    Stack,
    run,
    spawn,
    stop,
    wait_for,
)
from test_roles import Jobs, Roles

# What breaks things on purpose comes late, then what looks back at all of it, and what deletes comes last.
ORDER = [
    "story",
    "user_pool",
    "sign_up",
    "portal",
    "mail",
    "schedules",
    "roles",
    "settings",
    "audit",
    "alarms",
    "logs",
    "deletion",
]
PARTNER = "partnerships@futurelearn.example"


@pytest.hookimpl(trylast=True)
def pytest_configure(config: pytest.Config) -> None:
    """Prints progress in the terminal at once, also while pytest captures output."""
    reporter = config.pluginmanager.getplugin("terminalreporter")
    capture = config.pluginmanager.getplugin("capturemanager")

    def say(line: str) -> None:
        with capture.global_and_fixture_disabled():
            reporter.ensure_newline()
            reporter.write_line(f"  … {line}")

    cloud.say = say


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    items.sort(key=lambda item: ORDER.index(item.path.stem.removeprefix("test_")))


def free_port() -> int:
    """A port that stays free until its server starts: Linux gives those from 32,768 on to connections and other servers."""
    for port in range(10_000 + os.getpid() % 5_000, 20_000):
        with socket.socket() as listener, contextlib.suppress(OSError):
            listener.bind(("127.0.0.1", port))
            return port
    raise AssertionError("no port is free")


def answers(port: int, path: str) -> bool:
    try:
        return Emulator(port).request("GET", path, f"localhost:{port}", {}, None).status == 200
    except OSError:
        return False


@pytest.fixture(scope="session")
def emulator() -> Iterator[Emulator]:
    cloud.say("starting the AWS emulator (its log is target/cloud/emulator.log)")
    emulator = Emulator(free_port())
    scratch = FOLDER / "tmp"
    shutil.rmtree(scratch, ignore_errors=True)
    scratch.mkdir(parents=True)
    SES_CHECKS.write_text("both")
    environment = emulator.environment | {
        "SES_CHECKS": str(SES_CHECKS),
        # Requests are signed, and roles and policies are held to.
        "AUTH": "true",
        "GATEWAY_PORT": str(emulator.port),
        # Cognito refuses a sign-in whose trigger fails, as it does on AWS.
        "MINISTACK_COGNITO_PRETOKEN_STRICT": "1",
        "SFTP_ENABLED": "0",
        "IOT_MTLS_ENABLED": "0",
        "TMPDIR": str(scratch),
        # The functions inherit it: no level may log anything of a person (I8).
        "RUST_LOG": "trace",
    }
    # A start takes three seconds. Once, on a busy machine right after the whole build, it took over a minute.
    process = spawn("emulator", [str(MINISTACK), "tests/cloud/emulator.py"], environment)
    try:
        wait_for("the emulator's health", lambda: answers(emulator.port, "/_ministack/health"), 300)
        yield emulator
    finally:
        # Ends the functions' processes, as long as there is somebody to collect them.
        with contextlib.suppress(OSError):
            emulator.request("POST", "/_ministack/reset", f"localhost:{emulator.port}", {}, b"")
        stop(process)


@pytest.fixture(scope="session")
def issuer() -> Iterator[Issuer]:
    cloud.say("starting the local issuer")
    port = free_port()
    environment = {"PORT": str(port), "EPHEMERAL": "1", "SWEEP_EVERY": "0"}
    process = spawn("issuer", [str(ROOT / "target/debug/seatkeeper-local")], environment)
    try:
        wait_for("the issuer's health", lambda: answers(port, "/healthz"), 300)
        yield Issuer(f"http://localhost:{port}/oidc")
    finally:
        stop(process)


@pytest.fixture(scope="session")
def sender(emulator: Emulator) -> str:
    """The verified sender of the invites, made by the script that operators use. Cognito's is made with it."""
    cloud.say("making the senders' identities (make sender)")
    for name, address in (("sender", [SENDER]), ("sender-sign-in", [SIGN_IN_SENDER, "--sign-in", "--stack", "pool"])):
        run(name, [sys.executable, "infra/sender.py", *address], emulator.environment)
    return SENDER


def deployed(emulator: Emulator, name: str) -> Stack:
    found = emulator.client("cloudformation").describe_stacks(StackName=name)["Stacks"][0]
    return Stack(emulator, name, {out["OutputKey"]: out["OutputValue"] for out in found["Outputs"]})


@pytest.fixture(scope="session")
def stack(emulator: Emulator, issuer: Issuer, sender: str) -> Stack:
    """The template with tokens of the local issuer: deploy.py refuses an issuer that is no https, so without it."""
    cloud.say("deploying the template for tokens of the local issuer (sam deploy)")
    parameters = {
        "MailFrom": sender,
        "SenderIdentity": sender.rpartition("@")[2],
        "AlarmEmail": "ops@futurelearn.example",
        "OriginSecret": "s" * 64,
        "OidcIssuer": issuer.url,
        "OidcAudience": "seatkeeper",
        "EntitlementClaim": "roles",
        "SendRate": "1000",
        # The tests resend at once; test_settings.py has a limit.
        "LimitRecipientInterval": "0",
    }
    command = [str(TOOLS / "sam"), "deploy", "--template-file", "infra/template.yaml"]
    command += ["--config-file", str(ROOT / "infra/samconfig.toml"), "--stack-name", "issuer", "--no-progressbar"]
    command += ["--parameter-overrides", *(f"{name}={value}" for name, value in parameters.items())]
    run("deploy-issuer", command, emulator.environment)
    return deployed(emulator, "issuer")


def deploy_with_pool(emulator: Emulator, sender: str) -> str:
    """`make deploy`, but for the packaging that `make test-cloud` has done."""
    command = [sys.executable, "infra/deploy.py", "--stack", "pool", "--create-user-pool", "true"]
    command += [
        "--mail-from",
        sender,
        "--sign-in-from",
        SIGN_IN_SENDER,
        "--alarm-email",
        "ops@futurelearn.example",
        "--send-rate",
        "1000",
    ]
    command += ["--limit-recipient-interval", "0"]
    return run("deploy-pool", command, emulator.environment)


@pytest.fixture(scope="session")
def pool(emulator: Emulator, sender: str) -> Stack:
    """The template with its own user pool, deployed as operators do."""
    cloud.say("deploying the template with a user pool (make deploy)")
    deploy_with_pool(emulator, sender)
    return deployed(emulator, "pool")


@pytest.fixture(scope="session")
def partner(issuer: Issuer) -> str:
    return issuer.token(PARTNER)


@pytest.fixture(scope="session")
def manager(issuer: Issuer) -> str:
    return issuer.token("manager@acme.example")


@pytest.fixture(scope="module", params=SES_NAMES)
def checked(request: pytest.FixtureRequest) -> Iterator[set[str]]:
    """The names of the action that SES checks."""
    SES_CHECKS.write_text(request.param)
    yield SES_NAMES[request.param]
    SES_CHECKS.write_text("both")


@pytest.fixture(scope="module")
def roles(stack: Stack) -> Roles:
    return Roles(stack)


@pytest.fixture(scope="module")
def jobs(stack: Stack, issuer: Issuer, partner: str, manager: str) -> Iterator[Jobs]:
    """The schedules rest while these tests run: each run is one that a test has asked for."""
    scheduler = stack.emulator.client("scheduler")
    kept = ("Name", "Description", "ScheduleExpression", "FlexibleTimeWindow", "Target")
    scheduled = ("expire-invites", "deliver-invites", "send-digests")
    functions = {Roles(stack).configuration(name)["FunctionArn"] for name in scheduled}
    found = [scheduler.get_schedule(Name=entry["Name"]) for entry in scheduler.list_schedules()["Schedules"]]
    mine = [{key: schedule[key] for key in kept} for schedule in found if schedule["Target"]["Arn"] in functions]
    assert len(mine) == len(scheduled)
    for schedule in mine:
        scheduler.update_schedule(**schedule, State="DISABLED")
    yield Jobs(stack, issuer, partner, manager)
    for schedule in mine:
        scheduler.update_schedule(**schedule, State="ENABLED")
