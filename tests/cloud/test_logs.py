"""What all the tests before left in the logs."""

import cloud
from cloud import FUNCTIONS, Stack


def test_i8_no_log_has_an_address_a_name_or_a_token(stack: Stack, pool: Stack) -> None:
    logs = stack.emulator.client("logs")
    groups = [
        group["logGroupName"]
        for page in logs.get_paginator("describe_log_groups").paginate()
        for group in page["logGroups"]
    ]
    lines: dict[str, list[str]] = {}
    for group in groups:
        pages = logs.get_paginator("filter_log_events").paginate(logGroupName=group)
        lines[group] = [event["message"] for page in pages for event in page["events"]]
    # There is something to look at: each function has worked, and nearly all log each request.
    wanted = {f"/aws/lambda/{stack.function(name)}" for name in FUNCTIONS} | {
        f"/aws/lambda/{pool.function('grant-scopes')}",
        stack.outputs["AuditLogGroup"],
    }
    assert not {group for group in wanted if not lines.get(group)}
    assert len(cloud.PRIVATE) > 100
    cloud.say(f"looking for {len(cloud.PRIVATE)} things in {sum(map(len, lines.values()))} lines of log")
    for group, found in lines.items():
        text = "\n".join(found)
        for secret in cloud.PRIVATE | {stack.secret, pool.secret}:
            at = text.find(secret)
            assert at < 0, (group, text[max(0, at - 200) : at + 20])
