"""The schedules fire by themselves, a minute after they were created and each minute from then on."""

from dataclasses import dataclass

import cloud
import pytest
from cloud import Issuer, Stack, link_of, somebody, wait_for

# A minute, the ten seconds that the emulator's clock takes, and time for a busy machine.
DEADLINE = 300


@dataclass(frozen=True)
class Due:
    deal: str
    forgotten: str
    lost: str
    lost_address: str
    paused: str
    paused_address: str


@pytest.fixture(scope="module")
def due(stack: Stack, partner: str, manager: str) -> Due:
    """An invite that has expired, one whose function died while mailing it, and one from when sending was paused."""
    deal, lost_address, paused_address = stack.make_deal(partner), somebody(), somebody()
    forgotten, lost = stack.invite(manager, deal, somebody(), lost_address)
    functions = stack.emulator.client("lambda")
    name, variables = stack.function("send-invites"), stack.environment("send-invites")
    pause = variables | {"SENDING_PAUSED": "true"}
    functions.update_function_configuration(FunctionName=name, Environment={"Variables": pause})
    try:
        [paused] = stack.invite(manager, deal, paused_address)
    finally:
        functions.update_function_configuration(FunctionName=name, Environment={"Variables": variables})
    assert stack.emulator.mails(paused_address) == []
    assert stack.item(deal, paused)["delivery"]["S"] == "queued"
    stack.make_expired(deal, forgotten)
    # Their leases are over, the second's sooner than it would be.
    for invite in (lost, paused):
        stack.make_queued(deal, invite)
    cloud.say("waiting for the schedules (up to a minute)")
    return Due(deal, forgotten, lost, lost_address, paused, paused_address)


def test_i7_the_schedule_marks_what_has_expired(stack: Stack, due: Due) -> None:
    def is_marked() -> bool:
        return stack.item(due.deal, due.forgotten)["status"]["S"] == "expired"

    wait_for("the expired invite is marked", is_marked, DEADLINE)
    assert "duePk" not in stack.item(due.deal, due.forgotten)


def is_sent(stack: Stack, deal: str, invite: str) -> bool:
    return stack.item(deal, invite)["delivery"]["S"] == "sent"


def test_i4_the_schedule_mails_what_a_dead_function_left(stack: Stack, issuer: Issuer, due: Due) -> None:
    wait_for("the invite is marked as sent", lambda: is_sent(stack, due.deal, due.lost), DEADLINE)
    mails = stack.emulator.mails(due.lost_address)
    # Whether the first was mailed was not known. I5: every mail of a send works.
    assert len(mails) == 2
    stack.ok("POST", "/api/invites/accept", issuer.token(due.lost_address), {"token": link_of(mails[0])})


def test_i4_the_schedule_mails_what_was_invited_while_sending_was_paused(stack: Stack, due: Due) -> None:
    wait_for("the invite is marked as sent", lambda: is_sent(stack, due.deal, due.paused), DEADLINE)
    assert len(stack.emulator.mails(due.paused_address)) == 1
