"""The audit log: a change's record gets there by the function's own role, and `make audit` prints it."""

import sys

import cloud
import pytest
from cloud import Issuer, Stack, run, somebody
from test_roles import Job, Jobs, Roles
from test_settings import changed


def records(stack: Stack) -> list[str]:
    pages = stack.emulator.client("logs").get_paginator("filter_log_events")
    found = pages.paginate(logGroupName=stack.outputs["AuditLogGroup"])
    return [event["message"] for page in found for event in page["events"]]


def test_i8_make_audit_prints_a_deals_changes_and_names_nobody(
    stack: Stack, issuer: Issuer, partner: str, manager: str
) -> None:
    deal, address = stack.make_deal(partner), somebody()
    [invite] = stack.invite(manager, deal, address)
    there = f"/api/deals/{deal}"
    stack.ok("POST", f"{there}/invites/{invite}/resend", manager, headers={"if-match": '"1"'})
    link = {"token": stack.emulator.link(address)}
    stack.ok("POST", "/api/invites/accept", issuer.token(address), link)
    stack.ok("DELETE", f"{there}/seats/{invite}", manager)
    stack.ok("PATCH", there, partner, {"seats": 3})

    command = [sys.executable, "infra/audit.py", "--stack", stack.name, "--deal", deal]
    said = run("audit", command, stack.emulator.environment)
    lines = [line.split("  ") for line in said.splitlines()]
    partners, managers, learner = lines[0][1], lines[1][1], lines[3][1]
    assert len({partners, managers, learner}) == 3
    assert [line[1:5] for line in lines] == [
        [partners, "acme", "-", "POST /api/deals"],
        [managers, "acme", invite, "POST /api/deals/{dealId}/invites"],
        [managers, "acme", invite, "POST /api/deals/{dealId}/invites/{inviteId}/resend"],
        [learner, "acme", invite, "POST /api/invites/accept"],
        [managers, "acme", invite, "DELETE /api/deals/{dealId}/seats/{inviteId}"],
        [partners, "acme", "-", "PATCH /api/deals/{dealId}"],
    ]
    assert not [secret for secret in cloud.PRIVATE if secret in said]


def is_recorded(stack: Stack, job: Job) -> bool:
    before = len(records(stack))
    job()
    return len(records(stack)) > before


AUDITED = ["send-invites", "resend-invite", "accept-invite", "answer-invite", "release-seat", "manage-deals"]


@pytest.mark.parametrize("function", AUDITED)
def test_a_record_needs_both_permissions_and_a_change_needs_none(
    stack: Stack, roles: Roles, jobs: Jobs, function: str
) -> None:
    [group] = {on for _, on in roles.grants(function) if f":{stack.outputs['AuditLogGroup']}:" in on}
    for gone in ("", "logs:CreateLogStream", "logs:PutLogEvents"):
        # A process's first record needs a stream.
        with roles.without(function, (gone, group)), changed(stack, function, FRESH=gone):
            # A function waits two seconds for the log, and a busy emulator may take longer. So one record of three will do.
            tries = (is_recorded(stack, jobs.prepare(function)) for _ in range(1 if gone else 3))
            assert any(tries) == (gone == ""), gone
