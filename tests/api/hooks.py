"""Hooks for schemathesis: replace most generated ids and tokens by ones that exist, so that requests reach beyond a 404, and
record a line for each response, for the table."""

import json
import os
import re
from pathlib import Path

import schemathesis

INVITES = json.loads(Path(os.environ["API_INVITES"]).read_text())
ANSWERS = Path(os.environ["API_ANSWERS"])
PERSON = os.environ["API_PERSON"]

# The invites that each operation may use, so that no operation removes another's.
POOLS = {
    "DELETE invites": "to_cancel",
    "DELETE seats": "to_release",
    "POST resend": "to_resend",
    "GET invites": "to_read",
    "PATCH invites": "to_correct",
}
deleted: set[str] = set()
asked: dict[str, int] = {}


def next_of(pool: str) -> str:
    """The next invite of the pool; after the last comes the first."""
    asked[pool] = asked.get(pool, -1) + 1
    return INVITES[pool][asked[pool] % len(INVITES[pool])]


@schemathesis.hook
def before_call(context, case, kwargs):
    """Every fourth request goes out as schemathesis generated it."""
    label = case.operation.label
    asked[label] = asked.get(label, -1) + 1
    if asked[label] % 4 == 3:
        return
    parameters, is_repeated = case.path_parameters or {}, False
    # Leave malformed ids unchanged.
    is_id = lambda name: re.fullmatch(r"[A-Za-z0-9_-]{22}", str(parameters.get(name)))  # noqa: E731
    if is_id("dealId"):
        parameters["dealId"] = INVITES["deal"]
    if is_id("inviteId"):
        method, path = label.split(" ")
        word = next(word for word in ("resend", "seats", "invites") if word in path)
        parameters["inviteId"] = next_of(POOLS[f"{method} {word}"])
        if method == "DELETE":
            is_repeated = parameters["inviteId"] in deleted
            deleted.add(parameters["inviteId"])
    if "id" in parameters:
        parameters["id"] = next_of("digests" if "/digests/" in label else "to_unsubscribe")
    body = case.body
    if isinstance(body, dict):
        if isinstance(body.get("token"), str):
            body["token"] = next_of(PERSON)
        rows = body.get("invites")
        pool = {"resend": "to_resend", "cancel": "to_cancel"}.get(label.rpartition("/")[2])
        if pool and isinstance(rows, list):
            for row in rows:
                if isinstance(row, dict) and isinstance(row.get("id"), str):
                    row["id"] = next_of(pool)
    # Half of those that would have to match do, some time or other. What is removed already answers 204 to every tag.
    if case.headers and "If-Match" in case.headers and (asked[label] % 2 or is_repeated):
        case.headers["If-Match"] = '"1"'


@schemathesis.hook
def after_call(context, case, response):
    with ANSWERS.open("a") as file:
        file.write(json.dumps([PERSON, case.operation.label, response.status_code]) + "\n")
