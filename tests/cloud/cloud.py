"""What the tests have in hand: the emulator, a deployed stack, its API, its mails and its table."""

import contextlib
import http.client
import json
import os
import re
import signal
import subprocess
import sys
import threading
import time
import urllib.request
import uuid
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import TypeVar
from urllib.parse import urlencode

import boto3
import yaml
from botocore.config import Config

ROOT = Path(__file__).resolve().parent.parent.parent
TEMPLATE = ROOT / "infra/template.yaml"
TOOLS = Path(sys.executable).parent
MINISTACK = ROOT / ".tools/ministack/bin/python"
FOLDER = ROOT / "target/cloud"
# The names under which the emulated SES checks a bulk mail's permission: new, old or both.
SES_CHECKS = FOLDER / "ses-checks"
SES_NAMES = {"new": {"ses:SendBulkEmail"}, "old": {"ses:SendBulkTemplatedEmail"}}
SES_NAMES["both"] = SES_NAMES["new"] | SES_NAMES["old"]
REGION = "us-east-1"
T = TypeVar("T")

SENDER = "please.do.not.reply@futurelearn.example"
SIGN_IN_SENDER = "no-reply@id.futurelearn.example"
FUNCTIONS = [
    "deal-seats",
    "send-invites",
    "resend-invite",
    "accept-invite",
    "answer-invite",
    "release-seat",
    "manage-deals",
    "expire-invites",
    "deliver-invites",
    "send-digests",
    "track-delivery",
]

say: Callable[[str], None] = print
# Every address, name and token that a test has used. None of them may be in a log (I8).
PRIVATE: set[str] = set()


def private(text: str) -> str:
    """Notes that this is nothing for a log."""
    PRIVATE.add(text)
    return text


def somebody(organisation: str = "staff") -> str:
    """An address that nobody had before."""
    return private(f"p{uuid.uuid4().hex[:10]}@{organisation}.example")


def wait_for(what: str, condition: Callable[[], T | None], seconds: float) -> T:
    """Asks until there is an answer."""
    pause, deadline = threading.Event(), time.monotonic() + seconds
    while time.monotonic() < deadline:
        if found := condition():
            return found
        pause.wait(0.1)
    raise AssertionError(f"{what}: not within {seconds:g} s")


# ---- The emulator ----------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Emulator:
    port: int

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def environment(self) -> dict[str, str]:
        """For commands that talk to AWS: here, they mean the emulator, as its root user."""
        kept = {name: os.environ[name] for name in ("PATH", "HOME", "LANG") if name in os.environ}
        return kept | {
            "PATH": f"{TOOLS}:{os.environ['PATH']}",
            "AWS_ENDPOINT_URL": self.url,
            "AWS_DEFAULT_REGION": REGION,
            "AWS_ACCESS_KEY_ID": "test",
            "AWS_SECRET_ACCESS_KEY": "test",
            "SAM_CLI_TELEMETRY": "0",
        }

    def client(self, service: str, region: str = REGION):
        return boto3.client(
            service,
            endpoint_url=self.url,
            region_name=region,
            aws_access_key_id="test",
            aws_secret_access_key="test",
            # A call that is repeated because its answer is late would be carried out twice.
            config=Config(read_timeout=300),
        )

    def request(self, method: str, path: str, host: str, headers: dict[str, str], body: bytes | None) -> "Answer":
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=300)
        with contextlib.closing(connection):
            connection.request(method, path, body=body, headers={"host": host} | headers)
            answer = connection.getresponse()
            named = {name.lower(): value for name, value in answer.getheaders()}
            return Answer(answer.status, named, answer.read())

    def mails(self, address: str) -> list[dict]:
        """What was mailed to this address, oldest first."""
        answer = self.request("GET", "/_ministack/ses/messages", f"127.0.0.1:{self.port}", {}, None)
        sent = [mail for mails in answer.json["messages"].values() for mail in mails]
        return sorted((mail for mail in sent if mail["To"] == [address]), key=lambda mail: mail["Timestamp"])

    def link(self, address: str) -> str:
        """The secret of the newest link that was mailed to this address."""
        return link_of(self.mails(address)[-1])


def link_of(mail: dict) -> str:
    found = re.search(r"/accept#([\w-]+)", mail["BodyText"])
    assert found, "the mail has no link"
    return private(found[1])


@dataclass(frozen=True)
class Answer:
    status: int
    headers: dict[str, str]
    body: bytes

    @property
    def json(self) -> dict:
        return json.loads(self.body)

    @property
    def code(self) -> str | None:
        """The problem's code, or None when it is no problem document."""
        is_problem = self.headers.get("content-type") == "application/problem+json"
        return self.json["code"] if is_problem else None


def spawn(name: str, command: list[str], environment: dict[str, str]) -> subprocess.Popen:
    """A process in a group of its own, with its output in target/cloud/<name>.log."""
    FOLDER.mkdir(parents=True, exist_ok=True)
    with (FOLDER / f"{name}.log").open("wb") as log:
        return subprocess.Popen(
            command, cwd=ROOT, env=environment, stdout=log, stderr=subprocess.STDOUT, start_new_session=True
        )


def stop(process: subprocess.Popen) -> None:
    """Ends a process and all that it started."""
    process.terminate()
    with contextlib.suppress(subprocess.TimeoutExpired):
        process.wait(15)
    with contextlib.suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
    process.wait()


def run(name: str, command: list[str], environment: dict[str, str]) -> str:
    """Runs a command to its end. What it says goes to target/cloud/<name>.log, and to the terminal when it fails."""
    done = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, check=False)
    output = done.stdout + done.stderr
    (FOLDER / f"{name}.log").write_text(output)
    assert done.returncode == 0, f"{name} failed:\n{output}"
    return output


# ---- The development issuer ------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Issuer:
    url: str

    def token(self, person: str, scope: str | None = None) -> str:
        """An access token of this person, with all that they are entitled to, or with what was asked for of it."""
        # On a slow machine the tests take longer than the quarter of an hour for which a token is good.
        form = {"grant_type": "password", "username": private(person), "expires_in": "86400"}
        form |= {"scope": scope} if scope else {}
        with urllib.request.urlopen(f"{self.url}/token", urlencode(form).encode(), timeout=60) as answer:
            return private(json.load(answer)["access_token"])


# ---- A deployed stack ------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Stack:
    emulator: Emulator
    name: str
    outputs: dict[str, str]
    # RouteKeys that were called with success.
    called: set[str] = field(default_factory=set)

    @cached_property
    def api_id(self) -> str:
        return self.outputs["ApiUrl"].split("//")[1].split(".")[0]

    @cached_property
    def secret(self) -> str:
        """What CloudFront shows the API."""
        return self.environment("deal-seats")["ORIGIN_SECRET"].split()[0]

    @cached_property
    def routes(self) -> dict[str, list[str]]:
        """The deployed routes, and the scopes that the gateway asks for."""
        items = self.emulator.client("apigatewayv2").get_routes(ApiId=self.api_id, MaxResults="100")["Items"]
        return {item["RouteKey"]: item.get("AuthorizationScopes", []) for item in items}

    def function(self, name: str) -> str:
        return f"{self.name}-{name}"

    def environment(self, function: str) -> dict[str, str]:
        configuration = self.emulator.client("lambda").get_function_configuration(FunctionName=self.function(function))
        return configuration["Environment"]["Variables"]

    def call(
        self,
        method: str,
        path: str,
        token: str | None = None,
        body: object = None,
        headers: dict[str, str] | None = None,
    ) -> Answer:
        """Calls the API as CloudFront does. A body that is bytes is sent as it is."""
        sent = {"x-origin-verify": self.secret}
        if body is not None and not isinstance(body, bytes):
            sent["content-type"], body = "application/json", json.dumps(body).encode()
        if token:
            sent["authorization"] = f"Bearer {token}"
        answer = self.emulator.request(
            method,
            path,
            f"{self.api_id}.execute-api.localhost:{self.emulator.port}",
            sent | (headers or {}),
            body,
        )
        if answer.status < 400:
            self.called.add(route_of(self.routes, method, path))
        return answer

    def ok(self, *call, **more) -> dict:
        """A call that has to succeed; its JSON."""
        answer = self.call(*call, **more)
        assert answer.status in (200, 201, 204), f"{call[:2]} answers {answer.status}: {answer.body[:300]!r}"
        return answer.json if answer.body else {}

    def invoke(self, function: str, event: object = None) -> dict:
        """Starts a function as its schedule or topic does, and returns its report."""
        payload = json.dumps(event or {}).encode()
        answer = self.emulator.client("lambda").invoke(FunctionName=self.function(function), Payload=payload)
        report = json.load(answer["Payload"])
        assert "FunctionError" not in answer, report
        return report

    # What a story begins with.

    def make_deal(self, partner: str, organisation: str = "acme", seats: int = 10) -> str:
        body = {
            "organisation": {"id": organisation, "name": organisation.title()},
            "name": "Unlimited",
            "seats": seats,
            "startsAt": "2026-01-01T00:00:00Z",
            "endsAt": "2036-01-01T00:00:00Z",
        }
        return self.ok("POST", "/api/deals", partner, body)["id"]

    def invite(self, manager: str, deal: str, *addresses: str) -> list[str]:
        """Invites these addresses, and returns the invites' ids. All are mailed when it returns."""
        rows = {"invites": [{"email": private(address)} for address in addresses]}
        results = self.ok("POST", f"/api/deals/{deal}/invites", manager, rows)["results"]
        assert [result["outcome"] for result in results] == ["invited"] * len(addresses)
        return [result["inviteId"] for result in results]

    # The table, as its owner sees it.

    @cached_property
    def table(self):
        return self.emulator.client("dynamodb")

    def item(self, deal: str, invite: str) -> dict:
        key = {"pk": {"S": f"D#{deal}"}, "sk": {"S": f"I#{invite}"}}
        return self.table.get_item(TableName=self.outputs["TableName"], Key=key, ConsistentRead=True)["Item"]

    def write(self, deal: str, invite: str, **values: dict) -> None:
        """Changes an invite behind the functions' back."""
        key = {"pk": {"S": f"D#{deal}"}, "sk": {"S": f"I#{invite}"}}
        self.table.update_item(
            TableName=self.outputs["TableName"],
            Key=key,
            UpdateExpression="SET " + ", ".join(f"#{name} = :{name}" for name in values),
            ExpressionAttributeNames={f"#{name}": name for name in values},
            ExpressionAttributeValues={f":{name}": value for name, value in values.items()},
        )

    def make_expired(self, deal: str, invite: str) -> None:
        """As if it had been sent five weeks ago: due for expire-invites."""
        queued = int(time.time()) - 35 * 86_400
        shard = self.item(deal, invite)["duePk"]["S"].partition("#")[2]
        self.write(
            deal,
            invite,
            duePk={"S": f"E#{shard}"},
            queuedAt={"N": f"{queued}000"},
            listSk={"S": f"{queued}000999{invite[:16]}"},
            attemptedAt={"N": str(queued)},
            sentAt={"N": str(queued)},
            expiresAt={"N": str(queued + 28 * 86_400)},
            dueAt={"N": f"{queued + 28 * 86_400}000"},
        )

    def make_queued(self, deal: str, invite: str) -> None:
        """As if the function that was to mail it had died: its lease is over, due for deliver-invites."""
        shard = self.item(deal, invite)["duePk"]["S"].partition("#")[2]
        past = str(int(time.time() - 60) * 1000)
        self.write(deal, invite, delivery={"S": "queued"}, duePk={"S": f"Q#{shard}"}, dueAt={"N": past})


def route_of(routes: dict[str, list[str]], method: str, path: str) -> str:
    """The RouteKey that a call goes to: the one with the fewest variables, as the gateway has it."""

    def fits(key: str) -> bool:
        verb, template = key.split(" ")
        return (
            verb == method and re.fullmatch(re.sub(r"\{\w+\}", "[^/]+", template), path.partition("?")[0]) is not None
        )

    return min(filter(fits, routes), key=lambda key: key.count("{"))


def path_of(route: str, deal: str, invite: str) -> tuple[str, str]:
    """Method and path of a RouteKey, for these ids."""
    method, path = route.split(" ")
    return method, path.replace("{dealId}", deal).replace("{inviteId}", invite).replace("{id}", "x")


# ---- The template ----------------------------------------------------------------------------------------------------


def template() -> dict:
    """The template, its functions such as !Ref read as the values they stand before."""

    class Loader(yaml.SafeLoader):
        pass

    def plain(loader: yaml.SafeLoader, _suffix: str, node: yaml.Node):
        if isinstance(node, yaml.MappingNode):
            return loader.construct_mapping(node, deep=True)
        if isinstance(node, yaml.SequenceNode):
            return loader.construct_sequence(node, deep=True)
        return loader.construct_scalar(node)

    Loader.add_multi_constructor("!", plain)
    return yaml.load(TEMPLATE.read_text(), Loader)


def resources(kind: str) -> Iterator[dict]:
    """The properties of the template's resources of this type."""
    for resource in template()["Resources"].values():
        if resource["Type"] == kind:
            yield resource["Properties"]
