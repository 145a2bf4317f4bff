"""Prints the audit log of a deal: who changed what, oldest first.

A person is a hash of issuer and subject. EMAIL shows one person of the stack's own user pool only.
"""

import argparse
import json
import re
from collections.abc import Iterator
from datetime import UTC, datetime

import boto3
from deploy import ADDRESS, Refused, run, say
from people import attributes_of, find_user, outputs_of, person_id, user_pool

DEAL = re.compile(r"[A-Za-z0-9_-]{22}")


def pattern(deal: str, actor: str | None) -> str:
    """A filter pattern of CloudWatch Logs for JSON."""
    of_actor = f' && $.actor = "{actor}"' if actor else ""
    return f'{{ $.deal = "{deal}"{of_actor} }}'


def records(logs, group: str, deal: str, actor: str | None) -> Iterator[tuple[datetime, dict]]:
    pages = logs.get_paginator("filter_log_events")
    for page in pages.paginate(logGroupName=group, filterPattern=pattern(deal, actor)):
        for event in page["events"]:
            yield datetime.fromtimestamp(event["timestamp"] / 1000, UTC), json.loads(event["message"])


def line(at: datetime, record: dict) -> str:
    what = record["action"] if record["outcome"] == "done" else f"{record['action']} (outcome unknown)"
    fields = (record["actor"], record["organisation"], record["invite"], what, record["request"])
    return "  ".join([f"{at:%Y-%m-%d %H:%M:%S}", *(field or "-" for field in fields)])


def audit(deal: str, email: str, stack: str) -> None:
    if not DEAL.fullmatch(deal):
        raise Refused(f"DEAL is {deal!r}: give the deal's id, the 22 characters in the address of its page.")
    if email and not ADDRESS.fullmatch(email):
        raise Refused(f"EMAIL is {email!r}: give an email address, or leave it out.")
    out = outputs_of(stack)
    actor = None
    if email:
        pool = user_pool(stack, out, "leave EMAIL out, and look for the hash of the person's issuer and subject")
        user = find_user(boto3.client("cognito-idp"), pool, email)
        if user is None:
            raise Refused(f"The user pool has no user with the address {email}: check the address.")
        actor = person_id(out["OidcIssuerUrl"], attributes_of(user)["sub"])
    found = sorted(records(boto3.client("logs"), out["AuditLogGroup"], deal, actor), key=lambda record: record[0])
    for at, record in found:
        say(line(at, record))
    if not found:
        by_them = " by this person" if email else ""
        say(f"No change of this deal{by_them} is in the audit log, which goes back 400 days.")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--deal", default="")
    parser.add_argument("--email", default="")
    parser.add_argument("--stack", default="seatkeeper")
    arguments = parser.parse_args()
    run(lambda: audit(arguments.deal, arguments.email, arguments.stack))


if __name__ == "__main__":
    main()
