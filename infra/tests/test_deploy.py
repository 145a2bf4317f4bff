"""What a deployment refuses before it creates anything."""

import hashlib
import http.client
import io
import json
import subprocess
from pathlib import Path
from unittest.mock import MagicMock

import boto3
import deploy
import pytest
from botocore.exceptions import NoCredentialsError
from botocore.stub import Stubber
from samcli.cli.types import CfnParameterOverridesType

GOOD = {
    "mail_from": "invites@acme.example",
    "alarm_email": "ops@acme.example",
    "issuer": "https://id.acme.example",
    "audience": "seatkeeper",
    "entitlement_claim": "roles",
}


POOL = {
    "issuer": "",
    "audience": "",
    "create_user_pool": "true",
    "sign_in_from": "no-reply@id.acme.example",
    "sign_in_region": "us-west-2",
}


@pytest.mark.parametrize(
    ("given", "stack", "says"),
    [
        ({"mail_from": "nobody"}, "seatkeeper", "MAIL_FROM"),
        ({"alarm_email": "a b@c.example"}, "seatkeeper", "ALARM_EMAIL"),
        ({"sign_in_from": "nobody"}, "seatkeeper", "SIGN_IN_FROM"),
        ({"monthly_budget": "none"}, "seatkeeper", "MONTHLY_BUDGET"),
        (
            {"start_url": "www.futurelearn.com"},
            "seatkeeper",
            "START_URL is 'www.futurelearn.com': give an https URL.",
        ),
        ({"start_url": "http://www.futurelearn.com/"}, "seatkeeper", "START_URL"),
        ({"start_url": "http://localhost:3000/"}, "seatkeeper", "START_URL"),
        ({"start_url": "https://"}, "seatkeeper", "START_URL"),
        ({"start_url": "javascript:alert(1)//https://x.example/"}, "seatkeeper", "START_URL"),
        ({"invite_lifetime": "soon"}, "seatkeeper", "INVITE_LIFETIME"),
        ({"invite_lifetime": "0s"}, "seatkeeper", "INVITE_LIFETIME"),
        ({"retention": "1y"}, "seatkeeper", "RETENTION"),
        ({"send_rate": "-1"}, "seatkeeper", "SEND_RATE"),
        ({"send_rate": "0"}, "seatkeeper", "SENDING_PAUSED=true"),
        ({"reserved_concurrency": "ten"}, "seatkeeper", "RESERVED_CONCURRENCY"),
        ({"limit_recipient_per_day": "11"}, "seatkeeper", "LIMIT_RECIPIENT_PER_DAY is over 10"),
        ({"limit_recipient_interval": "10"}, "seatkeeper", "LIMIT_RECIPIENT_INTERVAL"),
        ({"limit_manager_per_hour": "many"}, "seatkeeper", "LIMIT_MANAGER_PER_HOUR"),
        ({"limit_deal_per_day": "by_day"}, "seatkeeper", "LIMIT_DEAL_PER_DAY"),
        ({"create_user_pool": "yes"}, "seatkeeper", "CREATE_USER_POOL"),
        ({"sending_paused": "1"}, "seatkeeper", "SENDING_PAUSED"),
        ({"web_acl": "on"}, "seatkeeper", "WEB_ACL"),
        ({"scope_prefix": "api://seat keeper/"}, "seatkeeper", "SCOPE_PREFIX"),
        ({"token_scope_prefix": 'x"'}, "seatkeeper", "TOKEN_SCOPE_PREFIX"),
        ({"entitlement_claim": "my roles"}, "seatkeeper", "ENTITLEMENT_CLAIM"),
        ({"authorize_parameters": "audience"}, "seatkeeper", "AUTHORIZE_PARAMETERS"),
        ({"authorize_parameters": "audience=a b"}, "seatkeeper", "AUTHORIZE_PARAMETERS"),
        ({"authorize_parameters": "audience=a&state=s"}, "seatkeeper", "names state, which the portal sets itself"),
        ({"arch": "riscv"}, "seatkeeper", "ARCH is 'riscv': give x86_64 or arm64."),
        ({}, "Seatkeeper", "STACK"),
        ({}, "aws-seats", "STACK"),
    ],
)
def test_wrong_syntax_is_named(given, stack, says):
    problems = list(deploy.check_syntax(given, stack))
    assert len(problems) == 1
    assert says in problems[0]


def test_good_values_pass():
    assert list(deploy.check_syntax(GOOD, "seatkeeper")) == []
    for start_url in ("https://www.futurelearn.com", "https://learn.example/start?x=1#y"):
        assert list(deploy.check_syntax({"start_url": start_url}, "seatkeeper")) == []
    limits = {"limit_recipient_interval": "0", "limit_recipient_per_day": "10", "limit_deal_per_day": "by_seats"}
    assert list(deploy.check_syntax(limits, "seatkeeper")) == []
    of_an_issuer = {"scope_prefix": "api://1-2/", "token_scope_prefix": "seatkeeper/", "entitlement_claim": "/a/roles"}
    of_an_issuer |= {"authorize_parameters": "audience=https%3A%2F%2Fapi.example&resource=x"}
    assert list(deploy.check_syntax(of_an_issuer, "seatkeeper")) == []
    assert list(deploy.check_together(GOOD, "eu-west-1")) == []
    assert list(deploy.check_together(GOOD | POOL, "eu-west-1")) == []


@pytest.mark.parametrize(
    ("change", "region", "says"),
    [
        ({"mail_from": ""}, "us-east-1", "MAIL_FROM is missing"),
        ({"alarm_email": ""}, "us-east-1", "ALARM_EMAIL is missing"),
        ({"audience": ""}, "us-east-1", "AUDIENCE is missing"),
        ({"entitlement_claim": ""}, "us-east-1", "a scope alone must not make an administrator"),
        ({"issuer": ""}, "us-east-1", "either ISSUER"),
        (POOL | {"issuer": "https://id.acme.example", "audience": "x"}, "us-east-1", "either ISSUER"),
        (POOL | {"sign_in_from": ""}, "us-east-1", "SIGN_IN_FROM is missing"),
        (POOL | {"sign_in_region": "eu-central-1"}, "us-east-1", "give us-east-1 or one of"),
        ({"portal_domain": "seats.acme.example"}, "us-east-1", "needs CERTIFICATE_ARN"),
        ({"certificate_arn": "arn:aws:acm:eu-west-1:1:certificate/x"}, "us-east-1", "in us-east-1"),
    ],
)
def test_settings_that_contradict_each_other_are_named(change, region, says):
    problems = list(deploy.check_together(GOOD | change, region))
    assert len(problems) == 1
    assert says in problems[0]


@pytest.mark.parametrize(
    ("issuer", "says"),
    [
        ("http://id.acme.example", "give an https URL"),
        ("https://localhost:3000/oidc", "development issuer"),
        ("https://seats.localhost/oidc", "development issuer"),
        ("https://127.0.0.1/oidc", "development issuer"),
        ("https://[::1]/oidc", "development issuer"),
        ("https://10.0.0.7", "development issuer"),
        ("https://keycloak", "development issuer"),
        ("https://localhost./oidc", "development issuer"),
        ("https://127.1/oidc", "development issuer"),
        ("https://0x7f.0.0.0x1/oidc", "development issuer"),
        ("https://[bad", "not a URL"),
    ],
)
def test_an_issuer_that_aws_must_not_trust_is_refused_without_a_request(issuer, says):
    def read(_):
        pytest.fail("a request was sent")

    assert says in next(deploy.check_issuer(issuer, read))


def test_the_discovery_document_must_name_the_same_issuer():
    assert list(deploy.check_issuer("https://id.acme.example", lambda _: {"issuer": "https://id.acme.example"})) == []
    problems = list(deploy.check_issuer("https://id.acme.example", lambda _: {"issuer": "https://id.acme.example/"}))
    assert "its discovery document says https://id.acme.example/" in problems[0]


def test_the_token_endpoint_must_be_one_that_the_portal_may_call():
    found = {"issuer": "https://id.acme.example/a"}
    for endpoint in ("https://id.acme.example/a/token", "https://id.acme.example/b/token"):
        assert list(deploy.check_issuer(found["issuer"], lambda _, at=endpoint: found | {"token_endpoint": at})) == []
    for endpoint in (
        "https://tokens.acme.example/",
        "http://id.acme.example/",
        "https://id.acme.example.evil.example/",
    ):
        [problem] = deploy.check_issuer(found["issuer"], lambda _, at=endpoint: found | {"token_endpoint": at})
        assert f"issues tokens at {endpoint}" in problem


def test_a_discovery_document_that_is_not_an_object_is_refused():
    assert "its discovery document says None" in next(
        deploy.check_issuer("https://id.acme.example", lambda _: ["issuer"])
    )


@pytest.mark.parametrize("error", [OSError("no route"), ValueError("no JSON"), http.client.InvalidURL("no URL")])
def test_an_issuer_that_does_not_answer_is_refused(error):
    def read(_):
        raise error

    assert "could not be read" in next(deploy.check_issuer("https://id.acme.example", read))


def ses(*answers: bool | None):
    """An SES where the address, and then the domain, is verified (True), waiting (False) or unknown (None)."""
    client = boto3.client("sesv2", region_name="us-east-1", aws_access_key_id="x", aws_secret_access_key="x")
    stub = Stubber(client)
    for verified in answers:
        if verified is None:
            stub.add_client_error("get_email_identity", "NotFoundException", http_status_code=404)
        else:
            stub.add_response("get_email_identity", {"VerifiedForSendingStatus": verified})
    stub.activate()
    return client


def test_a_sender_is_verified_by_its_address_or_its_domain():
    assert deploy.check_sender("MAIL_FROM", "a@acme.example", ses(True, None)) == ("a@acme.example", [])
    assert deploy.check_sender("MAIL_FROM", "a@acme.example", ses(None, True)) == ("acme.example", [])
    assert deploy.check_sender("MAIL_FROM", "a@acme.example", ses(False, True)) == ("acme.example", [])


def test_an_unverified_sender_is_refused_with_what_to_do():
    identity, problems = deploy.check_sender("MAIL_FROM", "a@acme.example", ses(None, False))
    assert identity is None
    assert "has not verified acme.example yet" in problems[0]
    assert "Add the DNS records that `make sender" in problems[0]
    _, problems = deploy.check_sender("MAIL_FROM", "a@acme.example", ses(None, None))
    assert "run `make sender MAIL_FROM=a@acme.example`" in problems[0]


def test_cognitos_configuration_set_must_be_there():
    client = boto3.client("sesv2", region_name="us-east-1", aws_access_key_id="x", aws_secret_access_key="x")
    stub = Stubber(client)
    stub.add_response("get_configuration_set", {}, {"ConfigurationSetName": "seatkeeper-sign-in"})
    stub.add_client_error("get_configuration_set", "NotFoundException", http_status_code=404)
    stub.activate()
    assert list(deploy.check_set("seatkeeper-sign-in", client)) == []
    [problem] = deploy.check_set("seatkeeper-sign-in", client)
    assert "--region us-east-1 --configuration-set-name seatkeeper-sign-in" in problem


def test_settings_are_kept_and_one_way_to_sign_in_drops_the_other():
    assert deploy.resolve({"send_rate": "50"}, GOOD) == GOOD | {"send_rate": "50"}
    to_pool = deploy.resolve({"create_user_pool": "true"}, GOOD | {"token_scope_prefix": "seatkeeper/"})
    assert {to_pool[name] for name in deploy.OF_AN_ISSUER} == {""}
    assert to_pool["create_user_pool"] == "true"
    to_issuer = deploy.resolve({"issuer": "https://id.acme.example"}, {"create_user_pool": "true"})
    assert to_issuer["create_user_pool"] == "false"


def test_all_problems_are_reported_and_nothing_is_deployed(capsys, monkeypatch):
    monkeypatch.setenv("AWS_DEFAULT_REGION", "us-east-1")
    monkeypatch.setattr(deploy, "sam_deploy", lambda *_: pytest.fail("it deployed"))
    with pytest.raises(SystemExit) as ended:
        deploy.run(lambda: deploy.deploy({"arch": "riscv", "mail_from": "nobody"}, "seatkeeper", False))
    assert ended.value.code == 2
    assert len(capsys.readouterr().err.splitlines()) == 2


@pytest.mark.parametrize(
    ("status", "says"),
    [
        ("DELETE_FAILED", "delete-stack"),
        ("UPDATE_ROLLBACK_FAILED", "continue-update-rollback"),
        ("UPDATE_IN_PROGRESS", "Another change"),
    ],
)
def test_a_stack_that_cannot_be_changed_is_left_alone(status, says):
    assert says in next(deploy.check_state("seatkeeper", {"StackStatus": status}))


@pytest.mark.parametrize("status", ["CREATE_COMPLETE", "UPDATE_COMPLETE", "UPDATE_ROLLBACK_COMPLETE"])
def test_a_stack_at_rest_can_be_changed(status):
    assert list(deploy.check_state("seatkeeper", {"StackStatus": status})) == []
    assert list(deploy.check_state("seatkeeper", None)) == []


def test_a_stack_that_only_has_a_refused_change_set_does_not_exist(monkeypatch):
    """Such a stack has no parameters, so the next deployment must create the origin's secret."""
    client = boto3.client("cloudformation", region_name="us-east-1", aws_access_key_id="x", aws_secret_access_key="x")
    stub = Stubber(client)
    refused = {"StackName": "seatkeeper", "CreationTime": "2026-11-24T00:00:00Z", "StackStatus": "REVIEW_IN_PROGRESS"}
    stub.add_response("describe_stacks", {"Stacks": [refused]})
    stub.activate()
    monkeypatch.setattr(boto3, "client", lambda *_, **__: client)
    assert deploy.find_stack("seatkeeper") is None


def test_values_reach_sam_whole_and_off_the_command_line(monkeypatch):
    given = {"MailSubject": 'Say "hi", it\'s $5 = `a`', "OidcIssuer": "", "OriginSecret": "0" * 64, "SendRate": "7"}
    seen = {}

    def run(command, check):
        assert not any("0" * 64 in word for word in command)
        path = Path(command[-1].removeprefix("file://"))
        assert path.stat().st_mode & 0o077 == 0
        seen.update(CfnParameterOverridesType().convert((command[-1],), None, None))
        return subprocess.CompletedProcess(command, 0)

    monkeypatch.setattr(subprocess, "run", run)
    monkeypatch.setattr(deploy, "find_stack", lambda *_: None)
    deploy.sam_deploy(deploy.TEMPLATE, "seatkeeper", "us-east-1", given)
    assert seen == given


def test_a_failed_deployment_says_what_to_do(monkeypatch):
    monkeypatch.setattr(subprocess, "run", lambda command, check: subprocess.CompletedProcess(command, 1))
    monkeypatch.setattr(deploy, "find_stack", lambda *_: None)
    with pytest.raises(
        deploy.Refused, match=r"^CloudFormation did not deploy seatkeeper.* run the same command again\.$"
    ):
        deploy.sam_deploy(deploy.TEMPLATE, "seatkeeper", "us-east-1", {})


def test_a_request_that_fails_says_what_to_do(capsys):
    def ask():
        raise NoCredentialsError

    with pytest.raises(SystemExit):
        deploy.run(ask)
    assert "run the same command again" in capsys.readouterr().err


@pytest.mark.parametrize("had", [True, False])
def test_a_failed_creation_keeps_the_web_acl_of_another_deployment(monkeypatch, had):
    monkeypatch.setenv("AWS_DEFAULT_REGION", "us-east-1")
    monkeypatch.setattr(boto3.session, "Session", MagicMock())
    there, deleted = {"seatkeeper-web-acl"} if had else set(), []
    monkeypatch.setattr(deploy, "find_stack", lambda name, *_: {"StackStatus": ""} if name in there else None)
    for check in ("check_together", "check_issuer", "check_package", "check_portal"):
        monkeypatch.setattr(deploy, check, lambda *_: [])
    monkeypatch.setattr(deploy, "check_senders", lambda *_: ({}, []))
    monkeypatch.setattr(deploy, "affordable_concurrency", lambda _: "0")
    monkeypatch.setattr(deploy, "deploy_web_acl", lambda _: "arn")
    monkeypatch.setattr(deploy, "delete_web_acl", deleted.append)

    def fail(*_):
        raise deploy.Refused

    monkeypatch.setattr(deploy, "sam_deploy", fail)
    with pytest.raises(deploy.Refused):
        deploy.deploy(GOOD, "seatkeeper", False)
    assert deleted == ([] if had else ["seatkeeper"])


def test_a_deployment_that_builds_needs_no_package(monkeypatch):
    monkeypatch.setattr(deploy, "check_target", lambda _: None)
    monkeypatch.setattr(deploy, "check_packaged", lambda _: pytest.fail("it needed a package"))
    assert list(deploy.check_package("arm64", True)) == []


def test_a_masked_parameter_counts_as_set():
    assert "OriginSecret" not in deploy.parameter_names(None)
    assert "OriginSecret" not in deploy.parameter_names({"StackStatus": "IMPORT_COMPLETE"})
    hidden = {"Parameters": [{"ParameterKey": "OriginSecret", "ParameterValue": "****"}]}
    assert "OriginSecret" in deploy.parameter_names(hidden)


@pytest.mark.parametrize(
    ("region", "nearest"),
    [
        ("eu-central-1", "eu-west-1"),
        ("us-east-1", "us-west-2"),
        ("us-west-2", "us-east-1"),
        ("us-east-2", "us-east-1"),
        # No address leaves its part of the world.
        ("eu-west-1", "eu-west-1"),
        ("ap-southeast-2", "ap-southeast-2"),
    ],
)
def test_sign_up_mail_has_another_regions_quota_where_one_is_near(region, nearest):
    assert deploy.sign_in_region(region) == nearest


def test_strangers_do_not_mail_from_the_identity_of_the_invites(monkeypatch):
    monkeypatch.setattr(boto3, "client", lambda *_, **__: MagicMock())
    monkeypatch.setattr(deploy, "check_sender", lambda *_: ("acme.example", []))
    _, problems = deploy.check_senders(
        GOOD | POOL | {"sign_in_from": "no-reply@acme.example"}, "seatkeeper", "us-east-1"
    )
    assert "SIGN_IN_FROM and MAIL_FROM have the same identity, acme.example" in problems[0]


@pytest.mark.parametrize(("unreserved", "reserved"), [(10, "0"), (245, "0"), (246, "20"), (1000, "20")])
def test_functions_reserve_what_the_account_can_spare(monkeypatch, unreserved, reserved):
    lambdas = MagicMock()
    lambdas.get_account_settings.return_value = {"AccountLimit": {"UnreservedConcurrentExecutions": unreserved}}
    monkeypatch.setattr(boto3, "client", lambda *_, **__: lambdas)
    assert deploy.affordable_concurrency("us-east-1") == reserved


@pytest.mark.parametrize(
    ("answer", "says"),
    [
        ({"Payload": b'{"refused": "AccessDeniedException: ses:SendBulkEmail"}'}, "ses:SendBulkEmail"),
        ({"Payload": b'{"errorMessage": "time"}', "FunctionError": "Unhandled"}, "time"),
    ],
)
def test_the_smoke_test_says_what_was_refused(monkeypatch, answer, says):
    lambdas = MagicMock()
    lambdas.invoke.return_value = answer | {"Payload": io.BytesIO(answer["Payload"])}
    monkeypatch.setattr(boto3, "client", lambda *_, **__: lambdas)
    with pytest.raises(deploy.Refused, match=rf"^The system is deployed, but cannot mail yet\..*{says}"):
        deploy.smoke_test("seatkeeper")


# ---- What a failed creation leaves -------------------------------------------------------------------------------------


class Left:
    """A stack that could not be created, with a table and a user pool."""

    def __init__(self, monkeypatch, status="ROLLBACK_FAILED", items=0, users=(), survive=True):
        self.cloudformation, self.dynamodb, self.cognito = MagicMock(), MagicMock(), MagicMock()
        clients = {"cloudformation": self.cloudformation, "dynamodb": self.dynamodb, "cognito-idp": self.cognito}
        monkeypatch.setattr(boto3, "client", lambda service, **_: clients[service])
        self.cloudformation.describe_stacks.return_value = {"Stacks": [{"StackStatus": status}]}
        summaries = [
            {"ResourceType": kind, "PhysicalResourceId": name, "ResourceStatus": "DELETE_FAILED"}
            for kind, name in (("AWS::DynamoDB::Table", "t"), ("AWS::Cognito::UserPool", "p"), ("AWS::SQS::Queue", "q"))
        ]
        summaries.append({"ResourceType": "AWS::DynamoDB::Table", "ResourceStatus": "CREATE_FAILED"})
        self.cloudformation.get_paginator().paginate.return_value = [{"StackResourceSummaries": summaries}]
        for client in (self.dynamodb, self.cognito):
            client.exceptions.ResourceNotFoundException = KeyError
        there = {"Table": {"TableStatus": "ACTIVE"}}
        self.dynamodb.describe_table.side_effect = [there, there if survive else KeyError()]
        self.cognito.describe_user_pool.side_effect = [{"UserPool": {}}, {"UserPool": {}} if survive else KeyError()]
        self.dynamodb.scan.return_value = {"Count": items}
        self.cognito.list_users.return_value = {"Users": list(users)}


@pytest.mark.parametrize("status", ["ROLLBACK_FAILED", "ROLLBACK_COMPLETE", "CREATE_FAILED"])
@pytest.mark.parametrize("survive", [True, False])
def test_a_failed_creation_leaves_nothing_behind(monkeypatch, status, survive):
    """CloudFormation keeps the table and the pool when the stack is deleted, or it does not: both end alike."""
    left = Left(monkeypatch, status, survive=survive)
    deploy.remove_failed_creation("seatkeeper", "us-east-1")
    left.dynamodb.update_table.assert_called_once_with(TableName="t", DeletionProtectionEnabled=False)
    left.cognito.update_user_pool.assert_called_once_with(UserPoolId="p", DeletionProtection="INACTIVE")
    left.cloudformation.delete_stack.assert_called_once_with(StackName="seatkeeper")
    assert left.dynamodb.delete_table.call_count == left.cognito.delete_user_pool.call_count == survive


@pytest.mark.parametrize("used", [{"items": 1}, {"users": ["u"]}])
def test_what_somebody_used_is_not_deleted(monkeypatch, used):
    left = Left(monkeypatch, **used)
    with pytest.raises(deploy.Refused, match="is not empty, so nothing was deleted"):
        deploy.remove_failed_creation("seatkeeper", "us-east-1")
    assert not left.dynamodb.update_table.called
    assert not left.cognito.update_user_pool.called
    assert not left.cloudformation.delete_stack.called


@pytest.mark.parametrize("status", ["CREATE_COMPLETE", "UPDATE_ROLLBACK_FAILED", "UPDATE_ROLLBACK_COMPLETE"])
def test_a_stack_that_was_created_is_never_deleted(monkeypatch, status):
    left = Left(monkeypatch, status)
    deploy.remove_failed_creation("seatkeeper", "us-east-1")
    assert not left.cloudformation.delete_stack.called


# ---- The origin's secret -----------------------------------------------------------------------------------------------


def test_a_rotation_never_sends_a_secret_that_is_not_accepted(monkeypatch):
    header = {"HeaderName": "x-origin-verify", "HeaderValue": "old"}
    origin = {"Id": "api", "CustomHeaders": {"Items": [header]}}
    cloudfront = MagicMock()
    cloudfront.get_distribution_config.return_value = {
        "DistributionConfig": {"Origins": {"Items": [{"Id": "portal"}, origin]}}
    }
    monkeypatch.setattr(boto3, "client", lambda _: cloudfront)
    before = {
        "Parameters": [{"ParameterKey": "OriginSecret", "ParameterValue": "****"}],
        "Outputs": [{"OutputKey": "DistributionId", "OutputValue": "E1"}],
    }
    sent, accepted = "old", {"old"}
    for step in deploy.origin_secrets(before, rotate=True):
        following = {secret for secret in step.values() if secret}
        # CloudFront and the functions change in either order.
        assert {sent, step["OriginSecret"]} <= accepted & following
        sent, accepted = step["OriginSecret"], following
    assert (sent == "old", accepted) == (False, {sent})
    assert deploy.origin_secrets(before, rotate=False) == [{}]
    [first] = deploy.origin_secrets(None, rotate=False)
    assert len(first["OriginSecret"]) == 64


# ---- The portal -------------------------------------------------------------------------------------------------------

OUTPUTS = {
    "PortalBucket": "bucket",
    "DistributionId": "E1",
    "OidcIssuerUrl": "https://id.acme.example",
    "OidcClientId": "portal",
    "StartUrl": "https://learn.acme.example/",
    "MailFrom": "invites@acme.example",
    "MailSubject": "Come and learn",
    "InviteLifetime": "14d",
    "SignIn": '{"scopePrefix":"api://1/","tokenScopePrefix":"","entitlementClaim":"roles","authorizeParameters":"a=b"}',
}


class Aws:
    """A bucket and a distribution that record each call."""

    def __init__(self, files: dict[str, bytes]):
        self.files, self.calls = files, []

    def get_paginator(self, _):
        return self

    def paginate(self, **_):
        entries = [
            {"Key": name, "ETag": f'"{hashlib.md5(body, usedforsecurity=False).hexdigest()}"'}
            for name, body in self.files.items()
        ]
        return [{}, {"Contents": entries[:1]}, {"Contents": entries[1:]}]

    def put_object(self, **put):
        self.files[put["Key"]] = put["Body"]
        self.calls.append((put["Key"], put["ContentType"], put["CacheControl"]))

    def delete_object(self, **deleted):
        del self.files[deleted["Key"]]
        self.calls.append(deleted["Key"])

    def create_invalidation(self, **request):
        self.calls.append(request["InvalidationBatch"]["Paths"]["Items"])


def built(folder: Path, files: dict[str, str]) -> Path:
    for name, text in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text)
    return folder


def test_the_bucket_gets_the_build_and_keeps_only_old_assets(tmp_path, monkeypatch):
    files = {"accept.html": "a", "assets/app-2.js": "two", "favicon.svg": "svg", "index.html": "i"}
    monkeypatch.setattr(deploy, "PORTAL", built(tmp_path, files))
    aws = Aws({"assets/app-1.js": b"one", "favicon.svg": b"svg", "index.html": b"old", "style.css": b"x"})
    monkeypatch.setattr(boto3, "client", lambda _: aws)

    assert deploy.upload_portal(OUTPUTS) == 5
    html, script = "text/html; charset=utf-8", "text/javascript; charset=utf-8"
    assert aws.calls == [
        ("assets/app-2.js", script, "public, max-age=31536000, immutable"),
        ("config.json", "application/json", "no-cache"),
        ("accept.html", html, "no-cache"),
        ("index.html", html, "no-cache"),
        "style.css",
        ["/*"],
    ]
    assert sorted(aws.files) == sorted([*files, "assets/app-1.js", "config.json"])
    assert json.loads(aws.files["config.json"]) == {
        "issuer": "https://id.acme.example",
        "clientId": "portal",
        "scopePrefix": "api://1/",
        "tokenScopePrefix": "",
        "entitlementClaim": "roles",
        "authorizeParameters": "a=b",
        "startUrl": "https://learn.acme.example/",
        "mailFrom": "invites@acme.example",
        "mailSubject": "Come and learn",
        "inviteLifetime": "14d",
    }

    aws.calls.clear()
    assert deploy.upload_portal(OUTPUTS) == 0
    assert aws.calls == []


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("assets/index-Bq1xX.css", "text/css; charset=utf-8"),
        ("favicon.ico", "image/x-icon"),
        ("favicon.svg", "image/svg+xml"),
        ("invite-template.csv", "text/csv; charset=utf-8"),
        ("site.webmanifest", "application/manifest+json"),
        ("x.unheard-of", "application/octet-stream"),
    ],
)
def test_the_media_type_follows_the_file_extension(name, kind):
    assert deploy.content_type(name) == kind


def test_a_portal_that_is_not_built_is_refused(tmp_path, monkeypatch):
    monkeypatch.setattr(deploy, "PORTAL", tmp_path)
    assert list(deploy.check_portal()) == ["The portal is not built: run `make portal`."]
    monkeypatch.setattr(deploy, "PORTAL", built(tmp_path, {"index.html": ""}))
    assert list(deploy.check_portal()) == []
