"""Each alarm rings when its service publishes what AWS documents: name and dimensions of each metric are written down here
once more, as their service publishes them. Metrics of ours are read from what the functions wrote."""

import json

from cloud import Stack, wait_for

INDEXES = ("listing", "due", "address", "attention")


def recorded(stack: Stack) -> dict[str, tuple[str, str, dict[str, str], float]]:
    """For each alarm: namespace, metric, dimensions, and a value that must ring it."""
    out = stack.outputs
    table = {"TableName": out["TableName"]}
    throttles = {
        f"{place}-{kind}-throttles": ("AWS/DynamoDB", f"{kind.title()}ThrottleEvents", table | index, 10)
        for place, index in [("table", {}), *((name, {"GlobalSecondaryIndexName": name}) for name in INDEXES)]
        for kind in ("read", "write")
    }
    machine = f"arn:aws:states:us-east-1:000000000000:stateMachine:{stack.name}-delete-unconfirmed"

    def queue(resource: str) -> dict[str, str]:
        found = stack.emulator.client("cloudformation").describe_stack_resource(
            StackName=stack.name, LogicalResourceId=resource
        )
        return {"QueueName": found["StackResourceDetail"]["PhysicalResourceId"].rpartition("/")[2]}

    client = {"UserPool": out["UserPoolId"], "UserPoolClient": out["OidcClientId"]}
    return throttles | {
        "sweep-lag": ("Seatkeeper", "Lag", {"Function": stack.function("expire-invites")}, 600),
        "mail-queued": ("Seatkeeper", "QueuedFor", {"Function": stack.function("deliver-invites")}, 900),
        "sending-stopped": ("Seatkeeper", "SendingStopped", {"Function": stack.function("deliver-invites")}, 1),
        "digests": ("Seatkeeper", "Undone", {"Function": stack.function("send-digests")}, 1),
        "unreadable-items": ("Seatkeeper", "UnreadableItems", {}, 1),
        "refused-origins": ("Seatkeeper", "RefusedOrigins", {}, 10),
        "bounce-rate": ("AWS/SES", "Reputation.BounceRate", {}, 0.05),
        "complaint-rate": ("AWS/SES", "Reputation.ComplaintRate", {}, 0.001),
        "server-errors": ("AWS/ApiGateway", "5xx", {"ApiId": stack.api_id}, 5),
        "function-throttles": ("AWS/Lambda", "Throttles", {}, 1),
        "grant-scopes-errors": ("AWS/Lambda", "Errors", {"FunctionName": stack.function("grant-scopes")}, 1),
        "dead-letters": ("AWS/SQS", "ApproximateNumberOfMessagesVisible", queue("DeadLetters"), 1),
        "lost-events": ("AWS/SQS", "ApproximateNumberOfMessagesVisible", queue("LostEvents"), 1),
        "event-lag": ("Seatkeeper", "EventLag", {"Function": stack.function("track-delivery")}, 900),
        "audit-failed": ("Seatkeeper", "AuditFailed", {}, 1),
        "sign-ups": ("AWS/Cognito", "SignUpSuccesses", client, 300),
        "delete-unconfirmed": ("AWS/States", "ExecutionsFailed", {"StateMachineArn": machine}, 1),
    }


def test_each_alarm_rings_by_what_its_service_publishes(pool: Stack) -> None:
    cloudwatch = pool.emulator.client("cloudwatch")

    def states() -> dict[str, str]:
        found = cloudwatch.describe_alarms(AlarmNamePrefix=f"{pool.name}-")["MetricAlarms"]
        return {alarm["AlarmName"].removeprefix(f"{pool.name}-"): alarm["StateValue"] for alarm in found}

    metrics = recorded(pool)
    assert states().keys() == metrics.keys()
    for alarm, (namespace, name, dimensions, value) in metrics.items():
        others = {other for other, state in states().items() if state == "ALARM"}
        assert alarm not in others
        data = {
            "MetricName": name,
            "Dimensions": [{"Name": k, "Value": v} for k, v in dimensions.items()],
            "Value": value,
        }
        cloudwatch.put_metric_data(Namespace=namespace, MetricData=[data])
        ringing = {other for other, state in states().items() if state == "ALARM"}
        assert ringing == others | {alarm}


def lines(stack: Stack, function: str) -> list[dict]:
    logs = stack.emulator.client("logs")
    pages = logs.get_paginator("filter_log_events").paginate(logGroupName=f"/aws/lambda/{stack.function(function)}")
    found = [event["message"].strip() for page in pages for event in page["events"]]
    return [json.loads(line) for line in found if line.startswith("{")]


def test_a_request_past_cloudfront_is_counted(stack: Stack) -> None:
    def counted() -> int:
        return sum(line.get("RefusedOrigins", 0) for line in lines(stack, "accept-invite"))

    before = counted()
    body = {"token": "x"}
    assert stack.call("POST", "/api/invites/preview", body=body, headers={"x-origin-verify": "forged"}).status == 403
    wait_for("the refusal is counted", lambda: counted() == before + 1, 120)


def test_grant_scopes_says_why_it_failed_and_names_nobody(pool: Stack) -> None:
    functions = pool.emulator.client("lambda")
    event = json.dumps({"version": "2", "request": {"userAttributes": "ann@acme.example"}}).encode()
    assert "FunctionError" in functions.invoke(FunctionName=pool.function("grant-scopes"), Payload=event)

    def reported() -> list[dict]:
        return [line for line in lines(pool, "grant-scopes") if line.get("level") == "ERROR"]

    [line] = wait_for("the error is logged", reported, 120)
    assert line == {"level": "ERROR", "message": "no token was issued", "error": "the event cannot be read"}
