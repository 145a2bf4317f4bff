"""Each function does its job with its own role, with nothing less, and not with another's.

A job is all that a function is for, with a look at its effect. Policies are asked at each request, so a change
takes effect at once.
"""

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from itertools import permutations, product

import pytest
from botocore.exceptions import ClientError
from cloud import FUNCTIONS, Issuer, Stack, private, somebody

Grant = tuple[str, str]
Job = Callable[[], None]

# What the emulator does for a function without asking its role: it collects logs, and takes failed runs to their queue.
# It has no suppression list: infra/local has one, and tests/tests/api/tracking.rs resends to a blocked address.
# test_audit.py takes away the permissions for the audit log.
SUPPRESSION_LIST = {"ses:GetSuppressedDestination", "ses:DeleteSuppressedDestination"}
NOT_ENFORCED = {"logs:CreateLogStream", "logs:PutLogEvents", "sqs:SendMessage", *SUPPRESSION_LIST}

# Jobs that another function's role allows as well, since it has all that they need: (job, role).
INCLUDED = {
    # Both record what happened to an invite, and opt-outs.
    ("track-delivery", "answer-invite"),
    # Resending writes and mails the same, and unblocks addresses besides.
    ("send-invites", "resend-invite"),
    # Delivering reads the same index and changes the same items, and mails besides.
    ("expire-invites", "deliver-invites"),
}


class Jobs:
    """A job for each function. Each prepares its data through the other functions, and returns the job."""

    def __init__(self, stack: Stack, issuer: Issuer, partner: str, manager: str) -> None:
        self.stack, self.issuer, self.partner, self.manager = stack, issuer, partner, manager
        self.deal = stack.make_deal(partner, seats=1000)
        self.there = f"/api/deals/{self.deal}"

    def prepare(self, function: str) -> Job:
        return getattr(self, function.replace("-", "_"))()

    def invited(self) -> tuple[str, str]:
        address = somebody()
        [invite] = self.stack.invite(self.manager, self.deal, address)
        assert len(self.stack.emulator.mails(address)) == 1
        return address, invite

    def accepted(self) -> str:
        address, invite = self.invited()
        link = {"token": self.stack.emulator.link(address)}
        self.stack.ok("POST", "/api/invites/accept", self.issuer.token(address), link)
        return invite

    def deal_seats(self) -> Job:
        address, invite = self.invited()
        ok, there, token = self.stack.ok, self.there, self.manager

        def job() -> None:
            assert self.deal in [row["id"] for row in ok("GET", "/api/deals", token)["deals"]]
            assert ok("GET", there, token)["id"] == self.deal
            assert invite in [row["id"] for row in ok("GET", f"{there}/seats?limit=200", token)["invites"]]
            found = ok("POST", f"{there}/seats/search", token, {"email": address})
            assert [row["id"] for row in found["invites"]] == [invite]
            assert invite.encode() in self.stack.call("GET", f"{there}/seats.csv", token).body
            assert ok("GET", f"{there}/counts", token)["pending"] > 0
            assert ok("GET", f"{there}/seats?status=undelivered", token)["invites"] == []
            assert ok("GET", f"{there}/invites/{invite}", token)["status"] == "pending"

        return job

    def send_invites(self) -> Job:
        def job() -> None:
            address, invite = self.invited()
            path = f"{self.there}/invites/{invite}"
            address = somebody()
            assert self.stack.ok("PATCH", path, self.manager, {"email": address})["email"] == address
            body = {"invites": [{"email": address}], "dryRun": True}
            [row] = self.stack.ok("POST", f"{self.there}/invites", self.manager, body)["results"]
            assert row["outcome"] == "already_pending"

        return job

    def resend_invite(self) -> Job:
        address, invite = self.invited()
        self.stack.make_expired(self.deal, invite)

        def job() -> None:
            path = f"{self.there}/invites"
            expired = self.stack.ok("POST", f"{path}/resend", self.manager, {"status": "expired"})
            assert {"inviteId": invite, "outcome": "resent"} in expired["results"]
            one = self.stack.ok("POST", f"{path}/{invite}/resend", self.manager, headers={"if-match": '"2"'})
            assert one["sends"] == 3
            assert len(self.stack.emulator.mails(address)) == 3

        return job

    def accept_invite(self) -> Job:
        address, invite = self.invited()
        link, learner = {"token": self.stack.emulator.link(address)}, self.issuer.token(address)

        def job() -> None:
            assert self.stack.ok("POST", "/api/invites/preview", body=link)["status"] == "pending"
            accepted = self.stack.ok("POST", "/api/invites/accept", learner, link)
            assert self.stack.ok("POST", "/api/invites/accept", learner, link) == accepted
            assert [seat["dealId"] for seat in self.stack.ok("GET", "/api/me/seats", learner)["seats"]] == [self.deal]
            assert self.stack.item(self.deal, invite)["status"]["S"] == "accepted"

        return job

    def answer_invite(self) -> Job:
        address, invite = self.invited()
        link = {"token": self.stack.emulator.link(address)}

        def job() -> None:
            assert self.stack.ok("POST", "/api/invites/decline", body=link)["declinedAt"]
            assert self.stack.ok("POST", "/api/invites/opt-out", body=link)["optedOut"]
            assert self.stack.ok("POST", "/api/invites/preview", body=link)["optedOut"]
            assert not self.stack.ok("POST", "/api/invites/opt-in", body=link)["optedOut"]
            assert not self.stack.ok("POST", "/api/invites/preview", body=link)["optedOut"]
            assert self.stack.item(self.deal, invite)["status"]["S"] == "declined"

        return job

    def release_seat(self) -> Job:
        released, (_, cancelled), (_, third) = self.accepted(), self.invited(), self.invited()

        def job() -> None:
            rows = {"invites": [{"id": third, "sends": 1}]}
            many = self.stack.ok("POST", f"{self.there}/invites/cancel", self.manager, rows)
            assert many["summary"]["cancelled"] == 1
            for path in (f"invites/{cancelled}", f"seats/{released}"):
                assert self.stack.call("DELETE", f"{self.there}/{path}", self.manager).status == 204
            states = [self.stack.item(self.deal, invite)["status"]["S"] for invite in (cancelled, released)]
            assert states == ["cancelled", "released"]

        return job

    def manage_deals(self) -> Job:
        key = {"idempotency-key": somebody()}
        body = {
            "organisation": {"id": "others", "name": "Others"},
            "name": "Unlimited",
            "seats": 3,
            "startsAt": "2026-01-01T00:00:00Z",
            "endsAt": "2036-01-01T00:00:00Z",
        }

        def job() -> None:
            first, again = (self.stack.ok("POST", "/api/deals", self.partner, body, key) for _ in range(2))
            assert first["id"] == again["id"]
            changed = self.stack.ok("PATCH", f"/api/deals/{first['id']}", self.partner, {"seats": 4})
            assert changed["seats"]["total"] == 4
            assert self.stack.call("DELETE", f"/api/deals/{first['id']}", self.partner).status == 204
            for on in (False, True):
                assert self.stack.ok("PUT", "/api/me/digest", self.manager, {"on": on})["on"] == on
                assert self.stack.ok("GET", "/api/me/digest", self.manager)["on"] == on

        return job

    def expire_invites(self) -> Job:
        _, invite = self.invited()
        self.stack.make_expired(self.deal, invite)

        def job() -> None:
            self.stack.invoke("expire-invites")
            assert self.stack.item(self.deal, invite)["status"]["S"] == "expired"

        return job

    def deliver_invites(self) -> Job:
        address, invite = self.invited()
        self.stack.make_queued(self.deal, invite)

        def job() -> None:
            self.stack.invoke("deliver-invites")
            assert self.stack.item(self.deal, invite)["delivery"]["S"] == "sent"
            assert len(self.stack.emulator.mails(address)) == 2

        return job

    def send_digests(self) -> Job:
        organisation = somebody()[:11]
        address = private(f"manager@{organisation}.example")
        manager, deal = self.issuer.token(address), self.stack.make_deal(self.partner, organisation)
        self.stack.ok("PUT", "/api/me/digest", manager, {"on": True})
        learner = somebody()
        self.stack.invite(manager, deal, learner)
        self.stack.ok("POST", "/api/invites/decline", body={"token": self.stack.emulator.link(learner)})

        def job() -> None:
            self.stack.invoke("send-digests")
            assert len(self.stack.emulator.mails(address)) == 1

        return job

    def track_delivery(self) -> Job:
        _, invite = self.invited()

        def job() -> None:
            # A complaint is an opt-out too.
            self.stack.invoke("track-delivery", event_of("complaint", self.stack, self.deal, invite))
            assert self.stack.item(self.deal, invite)["delivery"]["S"] == "complained"

        return job


def event_of(kind: str, stack: Stack, deal: str, invite: str) -> dict:
    """SES's event for the first mail of an invite, as SNS hands it over. The emulator's SES publishes none."""
    time = "2026-11-26T12:00:00.000Z"
    tags = {"deal": [deal], "invite": [invite], "send": ["1"]}
    event = {"eventType": kind.capitalize(), "mail": {"timestamp": time, "tags": tags}, kind: {"timestamp": time}}
    topic = stack.environment("track-delivery")["EVENT_TOPIC"]
    return {"Records": [{"EventSource": "aws:sns", "Sns": {"TopicArn": topic, "Message": json.dumps(event)}}]}


def fails(job: Job) -> bool:
    try:
        job()
    except AssertionError:
        return True
    return False


def as_list(value: str | list[str]) -> list[str]:
    return [value] if isinstance(value, str) else value


def pairs(statement: dict) -> Iterator[Grant]:
    return product(as_list(statement["Action"]), as_list(statement["Resource"]))


class Roles:
    def __init__(self, stack: Stack) -> None:
        self.iam, self.functions = stack.emulator.client("iam"), stack.emulator.client("lambda")
        self.stack = stack
        self.arns = {name: self.configuration(name)["Role"] for name in FUNCTIONS}

    def configuration(self, function: str) -> dict:
        return self.functions.get_function_configuration(FunctionName=self.stack.function(function))

    def name(self, function: str) -> str:
        return self.arns[function].rpartition("/")[2]

    def grants(self, function: str) -> set[Grant]:
        """Each action on each resource that a function's role allows."""
        return {grant for one in self.document(function) for grant in pairs(one)}

    def keyed(self, function: str) -> list[tuple[Grant, set[str]]]:
        """Each grant, with the keys that its condition names; none is any key."""

        def keys(statement: dict) -> set[str]:
            condition = statement.get("Condition", {}).get("ForAllValues:StringLike", {})
            return set(condition.get("dynamodb:LeadingKeys", []))

        return [(grant, keys(one)) for one in self.document(function) for grant in pairs(one)]

    def document(self, function: str) -> list[dict]:
        [policy] = self.iam.list_role_policies(RoleName=self.name(function))["PolicyNames"]
        assert not self.iam.list_attached_role_policies(RoleName=self.name(function))["AttachedPolicies"]
        document = self.iam.get_role_policy(RoleName=self.name(function), PolicyName=policy)["PolicyDocument"]
        document = json.loads(document) if isinstance(document, str) else document
        assert all(statement["Effect"] == "Allow" for statement in document["Statement"])
        return document["Statement"]

    @contextmanager
    def without(self, function: str, gone: Grant) -> Iterator[None]:
        [policy] = self.iam.list_role_policies(RoleName=self.name(function))["PolicyNames"]
        whole = self.document(function)

        def put(statements: list[dict]) -> None:
            document = json.dumps({"Version": "2012-10-17", "Statement": statements})
            self.iam.put_role_policy(RoleName=self.name(function), PolicyName=policy, PolicyDocument=document)

        # A statement for each grant that stays, with its condition.
        put(
            [
                one | {"Action": action, "Resource": on}
                for one in whole
                for action, on in pairs(one)
                if (action, on) != gone
            ]
        )
        try:
            yield
        finally:
            put(whole)


@pytest.mark.parametrize("function", FUNCTIONS)
def test_each_function_does_its_job_with_its_role_and_with_nothing_less(
    roles: Roles, jobs: Jobs, function: str
) -> None:
    jobs.prepare(function)()
    superfluous = set()
    for grant in sorted(roles.grants(function)):
        if grant[0] in NOT_ENFORCED:
            continue
        job = jobs.prepare(function)
        with roles.without(function, grant):
            if not fails(job):
                superfluous.add(grant)
    assert superfluous == set(), "the job is done without these"
    jobs.prepare(function)()


def test_no_function_does_its_job_with_anothers_role(roles: Roles) -> None:
    """A job needs every grant of its role, as the test above shows. So another role does it only if it has them all."""
    needed = {name: [one for one in roles.keyed(name) if one[0][0] not in NOT_ENFORCED] for name in FUNCTIONS}

    def includes(role: str, job: str) -> bool:
        return all(
            any(grant == other and (not limit or (keys and keys <= limit)) for other, limit in needed[role])
            for grant, keys in needed[job]
        )

    assert {(job, role) for job, role in permutations(FUNCTIONS, 2) if includes(role, job)} == INCLUDED


def test_what_sweeps_and_reads_has_no_way_to_do_more(roles: Roles) -> None:
    grants = {function: {action for action, _ in roles.grants(function)} for function in FUNCTIONS}
    mailing = {name for name, actions in grants.items() if any(action.startswith("ses:") for action in actions)}
    assert mailing == {"send-invites", "resend-invite", "deliver-invites", "send-digests"}
    writing = {"dynamodb:PutItem", "dynamodb:UpdateItem", "dynamodb:DeleteItem", "dynamodb:BatchWriteItem"}
    assert not grants["deal-seats"] & writing
    deleting = {name for name, actions in grants.items() if "dynamodb:DeleteItem" in actions}
    assert deleting == {"manage-deals", "release-seat"}
    assert {name for name, actions in grants.items() if actions & SUPPRESSION_LIST} == {"resend-invite"}


def test_roles_name_each_action_and_resource(roles: Roles) -> None:
    for function in FUNCTIONS:
        for action, resource in roles.grants(function):
            assert "*" not in action, (function, action)
            # A log group's ARN ends in :*, for its streams. A bulk mail's template has no name. IAM knows no narrower
            # resource for the suppression list.
            is_list = (function, action) in {("resend-invite", name) for name in SUPPRESSION_LIST}
            narrow = resource.removesuffix(":*").removesuffix(":template/*")
            assert is_list or "*" not in narrow, (function, resource)
            assert action not in {"dynamodb:Scan", "dynamodb:DeleteTable"}, function


def invokers(stack: Stack, function: str) -> list[tuple[str, str]]:
    """The services that may call a function, and the source of each."""
    try:
        policy = stack.emulator.client("lambda").get_policy(FunctionName=stack.function(function))["Policy"]
    except ClientError as error:
        assert error.response["Error"]["Code"] == "ResourceNotFoundException"
        return []
    statements = json.loads(policy)["Statement"]
    assert all((one["Effect"], one["Action"]) == ("Allow", "lambda:InvokeFunction") for one in statements)
    return [(one["Principal"]["Service"], one["Condition"]["ArnLike"]["AWS:SourceArn"]) for one in statements]


def test_only_the_stacks_own_gateway_pool_and_topic_may_call_its_functions(stack: Stack, pool: Stack) -> None:
    """The emulator does not ask for these permissions, so that they are there is all that can be shown."""
    for function in FUNCTIONS[:7]:
        arn = f"arn:aws:execute-api:us-east-1:000000000000:{stack.api_id}/*"
        assert invokers(stack, function) == [("apigateway.amazonaws.com", arn)]
    arn = f"arn:aws:cognito-idp:us-east-1:000000000000:userpool/{pool.outputs['UserPoolId']}"
    assert invokers(pool, "grant-scopes") == [("cognito-idp.amazonaws.com", arn)]
    for function in ("expire-invites", "deliver-invites", "send-digests"):
        assert invokers(stack, function) == []
    topic = stack.environment("track-delivery")["EVENT_TOPIC"]
    assert invokers(stack, "track-delivery") == [("sns.amazonaws.com", topic)]


def test_the_topic_of_events_hands_them_to_the_function_that_tracks(stack: Stack) -> None:
    sns = stack.emulator.client("sns")
    topic = stack.environment("track-delivery")["EVENT_TOPIC"]
    found = sns.list_subscriptions_by_topic(TopicArn=topic)["Subscriptions"]
    function = stack.emulator.client("lambda").get_function_configuration(FunctionName=stack.function("track-delivery"))
    assert [(one["Protocol"], one["Endpoint"]) for one in found] == [("lambda", function["FunctionArn"])]


def test_an_event_of_another_topic_changes_nothing(jobs: Jobs, stack: Stack) -> None:
    _, invite = jobs.invited()
    event = event_of("delivery", stack, jobs.deal, invite)
    event["Records"][0]["Sns"]["TopicArn"] += "-of-a-stranger"
    stack.invoke("track-delivery", event)
    assert stack.item(jobs.deal, invite)["delivery"]["S"] == "sent"


def test_a_denied_function_says_nothing_of_the_inside(roles: Roles, jobs: Jobs, stack: Stack, manager: str) -> None:
    [grant] = [grant for grant in roles.grants("deal-seats") if grant[0] == "dynamodb:GetItem"]
    with roles.without("deal-seats", grant):
        answer = stack.call("GET", jobs.there, manager)
    assert (answer.status // 100, answer.code is not None) == (5, True)
    for inside in ("AccessDenied", "dynamodb", "arn:", "role", stack.outputs["TableName"]):
        assert inside.lower() not in answer.body.decode().lower()
