"""The cost tables use the current units, template and prices."""

import re

import costs
import pytest
from package import ROOT

TEMPLATE = (ROOT / "infra/template.yaml").read_text()


def test_the_document_has_the_tables_as_they_are_printed():
    assert costs.report() in (ROOT / "docs/how-to.md").read_text(), "run `make costs` and copy its tables"


@pytest.mark.parametrize(
    ("pattern", "units"),
    [
        ("… all", costs.PAGE),
        ("counts at 1,000 pending and 1,000 expired", costs.COUNTS),
        ("a deal", costs.DEAL),
        ("an organisation's deals (one)", costs.DEALS),
        ("send, an invite", costs.SEND),
        ("resend", costs.RESEND),
        ("opt-outs, an address", costs.OPT_OUTS),
        ("preview", costs.PREVIEW),
        ("… of a link that was never sent", costs.UNKNOWN),
        ("opt out", costs.ANSWER),
        ("… again", costs.AGAIN),
        ("accept", costs.ACCEPT),
        ("a learner's seats", costs.MY_SEATS),
        ("expire, an invite", costs.EXPIRE),
        ("sweep, a shard with nothing due", costs.EMPTY_SHARD),
        ("take from both limits, a request", costs.LIMITS),
        ("claim, an invite", costs.CLAIM),
        ("a delivery event", costs.EVENT),
        ("a digest of one deal, what is new", costs.DIGEST_READ),
        ("a digest, claim and record", costs.DIGEST_SENT),
    ],
)
def test_the_units_match_the_data_model(pattern, units):
    lines = (ROOT / "docs/data-model.md").read_text().splitlines()
    rows = [[cell.strip() for cell in line.split("|")] for line in lines]
    found = next(row for row in rows if row[1:2] == [pattern])
    assert tuple(float(cell or 0) for cell in found[4:6]) == units


def test_the_template_has_as_many_alarms_dashboards_and_schedules():
    def count(kind: str) -> int:
        return len(re.findall(rf"^    Type: {kind}$", TEMPLATE, re.MULTILINE))

    assert count("AWS::CloudWatch::Alarm") == costs.ALARMS
    assert count("AWS::CloudWatch::Dashboard") == costs.DASHBOARDS
    # One more deletes accounts, every hour, and one sends digests, every day.
    assert count("AWS::Scheduler::Schedule") == costs.SCHEDULES + 2
    assert TEMPLATE.count("ScheduleExpression: rate(1 minute)") == costs.SCHEDULES


def test_the_sweeps_read_as_many_shards():
    keys = (ROOT / "shared/src/store/keys.rs").read_text()
    assert f"DUE_SHARDS_READ: u8 = {costs.SHARDS};" in keys


def test_the_limits_and_rules_are_the_templates():
    web_acl = (ROOT / "infra/web-acl.yaml").read_text()
    assert web_acl.count("Priority: ") - web_acl.count("{Priority: ") == costs.CLOUDFRONT_RULES
    assert TEMPLATE.count("          Priority: ") == costs.SIGN_UP_RULES
    limits = (costs.ADDRESS_LIMIT, costs.ROWS_LIMIT, costs.TOKEN_LIMIT, costs.ALL_LIMIT)
    assert re.findall(r" Limit: (\d+)", web_acl) == [str(limit) for limit in limits]
    assert re.findall(r" Limit: (\d+)", TEMPLATE) == [str(costs.SIGN_UP_LIMIT)]
    assert f"POST /api/invites/preview: {{ThrottlingRateLimit: {costs.ROUTE_LIMIT}," in TEMPLATE
    assert re.search(rf"LimitManagerPerHour:\n.*\n.*\n    Default: {costs.MANAGER_LIMIT}\n", TEMPLATE)
