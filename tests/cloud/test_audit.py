"""Who changed what, as an operator reads it."""

import sys

from cloud import Stack, run, somebody


def test_make_audit_prints_the_changes_of_a_deal_and_names_nobody(stack: Stack, partner: str, manager: str) -> None:
    deal, other = stack.make_deal(partner), stack.make_deal(partner)
    [invite] = stack.invite(manager, deal, somebody())
    stack.invite(manager, other, somebody())
    assert stack.call("DELETE", f"/api/deals/{deal}/invites/{invite}", manager).status == 204
    command = [sys.executable, "infra/audit.py", "--stack", stack.name, "--deal", deal]
    lines = [line.split("  ") for line in run("audit", command, stack.emulator.environment).splitlines()]
    assert [(organisation, about, what) for _, _, organisation, about, what, _ in lines] == [
        ("acme", "-", "POST /api/deals"),
        ("acme", invite, "POST /api/deals/{dealId}/invites"),
        ("acme", invite, "DELETE /api/deals/{dealId}/invites/{inviteId}"),
    ]
    actors = [actor for _, actor, *_ in lines]
    assert actors[0] != actors[1] == actors[2]
    assert {len(actor) for actor in actors} == {43}
