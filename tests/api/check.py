"""Tests the API against docs/openapi.yaml, as a learning manager, a partnership manager, a learner and a person without a
token, on a throwaway stack with the real functions. It fails on a 5xx, on an undocumented status, content type, header or
shape, and if an operation never succeeded, because then its answers were not tested.

`make test-api` runs it. SECONDS gives it more time, SEED other requests."""

import argparse
import collections
import contextlib
import datetime
import json
import os
import signal
import socket
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.parse
import urllib.request
from pathlib import Path

import yaml

ROOT = Path(__file__).parents[2]
PEOPLE = {
    "manager": "manager@acme.example",
    "partner": "partnerships@futurelearn.example",
    "learner": "learner@example.com",
    "nobody": None,
}
DESCRIPTION = ROOT / "docs/openapi.yaml"
CONFIG = Path(__file__).with_name("schemathesis.toml")
NOT_CHECKED = [
    # The gateway has no 405: what is no route is 404, as the description says, and HEAD and OPTIONS are no routes.
    "unsupported_method",
    "allow_header_conformance",
    # What is well-formed may be refused all the same: a cursor that is not ours, a deal that ends before it starts, a tag
    # that is not the newest. That operations succeed, the table at the end sees to.
    "positive_data_acceptance",
]


# Closed by the schemas that use them.
PARTS = {
    "schemas.DealSummary",
    "schemas.Deal.allOf.1",
    "schemas.DealChange.anyOf.1.properties.organisation",
    "schemas.InviteFields",
}


def open_objects(node, place):
    """Where the description leaves an object open: an answer could then have any field, and nobody would notice."""
    if isinstance(node, dict):
        closed = {"additionalProperties", "unevaluatedProperties"} & node.keys()
        if node.get("type") == "object" and not closed and place not in PARTS:
            yield place
    children = node.items() if isinstance(node, dict) else enumerate(node) if isinstance(node, list) else ()
    for name, child in children:
        yield from open_objects(child, f"{place}.{name}")


def free_port():
    """A port that stays free until the stack starts: Linux gives those from 32,768 on to connections and other servers."""
    for port in range(10_000 + os.getpid() % 5_000, 20_000):
        with socket.socket() as free, contextlib.suppress(OSError):
            free.bind(("127.0.0.1", port))
            return port
    sys.exit("no port is free")


class Stack:
    """The stack on a free port, until the end of a `with`."""

    def __init__(self):
        self.port = free_port()
        self.url = f"http://localhost:{self.port}"

    def __enter__(self):
        settings = {"PORT": str(self.port), "EPHEMERAL": "1", "SWEEP_EVERY": "0"}
        self.process = subprocess.Popen(
            [ROOT / "target/debug/seatkeeper-local"], env=os.environ | settings, stdout=subprocess.DEVNULL
        )
        deadline = time.monotonic() + 300
        while time.monotonic() < deadline:
            try:
                urllib.request.urlopen(f"{self.url}/healthz", timeout=5).close()
            except OSError:
                if self.process.poll() is not None:
                    sys.exit("the stack did not start")
                time.sleep(0.1)
            else:
                return self
        sys.exit("the stack is not ready after 300 s")

    def __exit__(self, *_):
        self.process.send_signal(signal.SIGTERM)
        self.process.wait(120)

    def ask(self, method, path, token=None, body=None):
        headers = {"content-type": "application/json"} | ({"authorization": f"Bearer {token}"} if token else {})
        data = None if body is None else json.dumps(body).encode()
        request = urllib.request.Request(f"{self.url}{path}", data, headers, method=method)
        with urllib.request.urlopen(request, timeout=300) as answer:
            return json.loads(answer.read() or "null")

    def token(self, email):
        form = urllib.parse.urlencode({"grant_type": "password", "username": email, "expires_in": "86400"}).encode()
        with urllib.request.urlopen(f"{self.url}/oidc/token", form, timeout=300) as answer:
            return json.loads(answer.read())["access_token"]


def deal_with_invites(stack, tokens):
    """A deal with invites in every state, by what they are for."""
    now = datetime.datetime.now(datetime.UTC)
    time_of = lambda days: (now + datetime.timedelta(days=days)).strftime("%Y-%m-%dT%H:%M:%SZ")  # noqa: E731
    body = {
        "organisation": {"id": "acme", "name": "Acme"},
        "name": "Unlimited",
        "seats": 10000,
        "startsAt": time_of(-1),
        "endsAt": time_of(365),
    }
    deal = stack.ask("POST", "/api/deals", tokens["partner"], body)["id"]
    pools = {
        "to_cancel": 30,
        "to_release": 30,
        "to_resend": 60,
        "to_read": 5,
        "to_correct": 30,
        "to_accept": 3,
        "to_preview": 3,
        "to_ask": 3,
        "to_unsubscribe": 3,
    }
    rows = [{"email": f"{pool}{number}@example.com"} for pool, size in pools.items() for number in range(size)]
    results = stack.ask("POST", f"/api/deals/{deal}/invites", tokens["manager"], {"invites": rows})["results"]
    ids = collections.defaultdict(list)
    for row in results:
        ids[row["email"].split("@")[0].rstrip("0123456789")].append(row["inviteId"])
    mails = stack.ask("GET", "/inbox/messages.json")
    links = {mail["to"]: mail["text"].split("/accept#")[1].split()[0] for mail in mails}
    of_pool = lambda pool: [token for email, token in links.items() if email.startswith(pool)]  # noqa: E731
    url_of = lambda mail: mail["headers"]["List-Unsubscribe"].strip("<>")  # noqa: E731
    unsubscribing = [url_of(mail).rpartition("/")[2] for mail in mails if mail["to"].startswith("to_unsubscribe")]
    for number, token in enumerate(of_pool("to_release")):
        stack.ask("POST", "/api/invites/accept", stack.token(f"holder{number}@example.com"), {"token": token})
    accepting = dict(zip(("manager", "partner", "learner"), ([token] for token in of_pool("to_accept")), strict=True))
    # Their links are superseded: with these one can ask for another.
    for invite in ids["to_ask"]:
        stack.ask("POST", f"/api/deals/{deal}/invites/{invite}/resend", tokens["manager"])
    stack.ask("PUT", "/api/me/digest", tokens["manager"], {"on": True})
    stack.ask("POST", "/api/invites/decline", None, {"token": of_pool("to_preview")[0]})
    stack.ask("POST", "/schedules/send-digests")
    digests = [url_of(stack.ask("GET", "/inbox/messages.json")[-1]).rpartition("/")[2]]
    found = {
        "deal": deal,
        "digests": digests,
        "nobody": of_pool("to_preview") + of_pool("to_ask"),
        "to_unsubscribe": unsubscribing,
    }
    found |= accepting
    return found | {pool: ids[pool] for pool in ("to_cancel", "to_release", "to_resend", "to_read", "to_correct")}


def table(answers):
    """Operations by person: how often each status came."""
    counted = collections.defaultdict(collections.Counter)
    for person, operation, status in answers:
        counted[operation, person][status] += 1
    for (operation, person), counts in sorted(counted.items()):
        shown = "  ".join(f"{status}: {count}" for status, count in sorted(counts.items()))
        print(f"{operation:55} {person:8} {shown}")


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=int, default=0, help="how long each person asks; by default, what CI has")
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    schemas = yaml.safe_load(DESCRIPTION.read_text())["components"]["schemas"]
    if opened := list(open_objects(schemas, "schemas")):
        sys.exit(f"additionalProperties is missing in {DESCRIPTION.name}: {', '.join(opened)}")
    failed = []
    with tempfile.TemporaryDirectory() as folder, Stack() as stack:
        tokens = {person: stack.token(email) if email else None for person, email in PEOPLE.items()}
        facts, answers = Path(folder) / "invites.json", Path(folder) / "answers"
        facts.write_text(json.dumps(deal_with_invites(stack, tokens)))
        answers.touch()
        for person, token in tokens.items():
            print(f"== as {person}", flush=True)
            command = [Path(sys.executable).parent / "schemathesis", "--config-file", CONFIG]
            command += ["run", DESCRIPTION]
            command += ["--url", stack.url, "--seed", str(options.seed), "--generation-database", "none"]
            command += ["--exclude-checks", ",".join(NOT_CHECKED), "--no-color", "--warnings", "off"]
            command += ["--request-timeout", "120"]
            command += ["--max-time", str(options.seconds)] if options.seconds else ["--max-examples", "12"]
            if token:
                command += ["--header", f"Authorization:Bearer {token}"]
            env = {"API_INVITES": facts, "API_ANSWERS": answers, "API_PERSON": person, "SCHEMATHESIS_HOOKS": "hooks"}
            env |= {"PYTHONPATH": Path(__file__).parent}
            ran = subprocess.run(command, env=os.environ | {k: str(v) for k, v in env.items()}, cwd=folder)
            failed += [] if ran.returncode == 0 else [person]
        seen = [json.loads(line) for line in answers.read_text().splitlines()]
    table(seen)
    operations = {operation for _, operation, _ in seen}
    never = operations - {operation for _, operation, status in seen if status < 400}
    print(f"{len(seen)} requests, {len(operations)} operations")
    if never or len(operations) < 25 or failed:
        sys.exit(f"failed as: {failed or 'nobody'}; never succeeded: {sorted(never) or 'none'}")


if __name__ == "__main__":
    main()
