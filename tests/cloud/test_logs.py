"""What all the tests before left in the logs and in the table."""

import re
from base64 import urlsafe_b64decode, urlsafe_b64encode
from hashlib import sha256

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


def test_i5_the_table_has_hashes_of_links_only_and_seats_have_no_address(stack: Stack) -> None:
    pages = stack.table.get_paginator("scan").paginate(TableName=stack.outputs["TableName"])
    items = [item for page in pages for item in page["Items"]]
    links = [text for text in cloud.PRIVATE if re.fullmatch(r"[\w-]{86}", text)]
    # A link's token is 16 bytes of the deal's id, 16 of the invite's, and the secret.
    secrets = [urlsafe_b64decode(link + "==")[32:] for link in links]
    kept = str(items)
    in_base64 = [urlsafe_b64encode(secret).decode().rstrip("=") for secret in secrets]
    hashes = [urlsafe_b64encode(sha256(secret).digest()).decode().rstrip("=") for secret in secrets]
    assert [one for one in hashes if one in kept]
    assert not [one for one in (*links, *in_base64, *(secret.hex() for secret in secrets)) if one in kept]
    seats = [item for item in items if item["sk"]["S"].startswith("S#")]
    assert seats
    assert "@" not in str(seats)
