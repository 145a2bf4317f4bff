"""Reading the audit log."""

import json

import audit
import boto3
import pytest
from botocore.stub import Stubber

DEAL = "d" * 22
RECORD = {
    "actor": "hash",
    "organisation": "acme",
    "deal": DEAL,
    "invite": "i1",
    "action": "POST /api/deals/{dealId}/invites",
    "outcome": "done",
    "request": "r1",
}


def test_records_of_a_deal_are_printed_in_order(monkeypatch, capsys):
    logs = boto3.client("logs", region_name="us-east-1", aws_access_key_id="x", aws_secret_access_key="x")
    unknown = RECORD | {"actor": None, "organisation": None, "outcome": "unknown"}
    events = [
        {"timestamp": 1_800_000_001_000, "message": json.dumps(unknown)},
        {"timestamp": 1_800_000_000_000, "message": json.dumps(RECORD)},
    ]
    wanted = {"logGroupName": "group", "filterPattern": f'{{ $.deal = "{DEAL}" }}'}
    monkeypatch.setattr(audit, "outputs_of", lambda _: {"AuditLogGroup": "group"})
    monkeypatch.setattr(boto3, "client", lambda _: logs)
    with Stubber(logs) as stub:
        stub.add_response("filter_log_events", {"events": events}, wanted)
        audit.audit(DEAL, "", "seatkeeper")
        stub.assert_no_pending_responses()
    assert capsys.readouterr().out.splitlines() == [
        "2027-01-15 08:00:00  hash  acme  i1  POST /api/deals/{dealId}/invites  r1",
        "2027-01-15 08:00:01  -  -  i1  POST /api/deals/{dealId}/invites (outcome unknown)  r1",
    ]


def test_one_persons_records_are_asked_for_by_their_hash():
    assert audit.pattern(DEAL, "hash") == f'{{ $.deal = "{DEAL}" && $.actor = "hash" }}'


@pytest.mark.parametrize("deal", ["", "d", f"{DEAL}d", '" || $.deal = "x', f"{DEAL[1:]}!"])
def test_a_malformed_deal_is_refused(deal):
    with pytest.raises(audit.Refused, match="DEAL is"):
        audit.audit(deal, "", "seatkeeper")
