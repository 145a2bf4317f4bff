"""Starts the emulator, taught what AWS does and it does not.

A bulk mail is authorised on the sender's identity, the configuration set and the template, each by its ARN: the emulator
would ask for permission on "*", which no role of ours has. Which name of the action SES checks is not documented, so the
file SES_CHECKS says it: the new one, the old one, or both. What a function appends to a log group is authorised on the ARN
of the stream, where the emulator would ask for the group's. Cognito has AdminDeleteUserAttributes, which `make dismiss`
calls, and can be called by Step Functions. CloudFormation has budgets and associations of web ACLs. An alarm hears only the
metrics of its own dimensions, and a filter of JSON lines finds only those that it describes.
"""

import json
import os
import re
from collections.abc import Callable, Iterator
from pathlib import Path

from ministack import app
from ministack.core import iam_actions
from ministack.core.responses import get_account_id, json_response
from ministack.services import budgets, cloudwatch, cloudwatch_logs, cognito, stepfunctions, waf
from ministack.services.cloudformation import provisioners

BULK = "/v2/email/outbound-bulk-emails"
enforce = app._enforce_ses_v2
handle_cognito = cognito.handle_request


def checks(request: dict) -> Iterator[tuple[str, str, dict]]:
    """Action, resource and condition keys of each permission that SES asks for."""
    sender = request["FromEmailAddress"].rpartition("<")[2].rstrip(">")
    is_identity = sender in app._get_module("ses_v2")._identities
    resources = [f"identity/{sender if is_identity else sender.rpartition('@')[2]}", "template/of-the-request"]
    if name := request.get("ConfigurationSetName"):
        resources.append(f"configuration-set/{name}")
    # Only the older action lists the sender among its condition keys.
    known = {"ses:SendBulkEmail": {}, "ses:SendBulkTemplatedEmail": {"ses:FromAddress": sender}}
    asked = {"new": ["ses:SendBulkEmail"], "old": ["ses:SendBulkTemplatedEmail"], "both": list(known)}
    for action in asked[Path(os.environ["SES_CHECKS"]).read_text()]:
        for resource in resources:
            yield action, resource, known[action]


def enforce_by_name(method: str, path: str, headers: dict, body: bytes, query_params: dict, request_id: str):
    if path != BULK:
        return enforce(method, path, headers, body, query_params, request_id)
    region = app.extract_region(headers, query_params)
    for action, resource, context in checks(json.loads(body)):
        arn = f"arn:aws:ses:{region}:{get_account_id()}:{resource}"
        call = ("sesv2", action, headers, query_params, request_id)
        if denied := app._enforce_data_plane(*call, resource_arn=arn, named_resource=arn, service_context=context):
            return denied
    return None


resource_of = iam_actions.extract_resource_arn


def resource_of_stream(service: str, method: str, path: str, headers: dict, body: bytes, *more) -> str:
    found = resource_of(service, method, path, headers, body, *more)
    appends = headers.get("x-amz-target", "").endswith((".CreateLogStream", ".PutLogEvents"))
    return f"{found}:log-stream:{json.loads(body)['logStreamName']}" if service == "logs" and appends else found


compile_pattern = cloudwatch_logs._compile_filter_pattern


def compile_json_pattern(raw: str) -> Callable[[str], bool]:
    """The emulator would find every line."""
    if not raw.startswith("{"):
        return compile_pattern(raw)
    wanted = re.findall(r'\$\.(\w+) = "([^"]*)"', raw)
    return lambda line: set(wanted) <= set(json.loads(line).items())


async def handle_deletion(method: str, path: str, headers: dict, body: bytes, query_params: dict):
    if not headers.get("x-amz-target", "").endswith(".AdminDeleteUserAttributes"):
        return await handle_cognito(method, path, headers, body, query_params)
    request = json.loads(body)
    pool, failure = cognito._resolve_pool(request["UserPoolId"])
    if not failure:
        user, failure = cognito._resolve_user(pool, request["Username"])
    if failure:
        return failure
    gone = request["UserAttributeNames"]
    user["Attributes"] = [attribute for attribute in user["Attributes"] if attribute["Name"] not in gone]
    return json_response({})


evaluate_alarm = cloudwatch._evaluate_alarm


def evaluate_by_dimensions(alarm: dict) -> None:
    """The emulator would take a metric of this name with any dimensions."""
    every = cloudwatch._metrics
    own = cloudwatch._dims_key(cloudwatch._dims_from_list(alarm.get("Dimensions") or []))
    cloudwatch._metrics = {key: points for key, points in every.items() if key[2] == own}
    try:
        evaluate_alarm(alarm)
    finally:
        cloudwatch._metrics = every


def handler(create, delete) -> dict:
    """A resource type of CloudFormation, named by what `create` returns."""

    def checked(logical_id: str, properties: dict, stack: str) -> tuple[str, dict]:
        name, (status, _, body) = create(properties)
        assert status == 200, body
        return name, {}

    return {"create": checked, "delete": lambda name, properties: delete(name)}


provisioners._RESOURCE_HANDLERS |= {
    "AWS::WAFv2::WebACLAssociation": handler(
        lambda one: (one["ResourceArn"], waf._associate_web_acl(one)),
        lambda name: waf._disassociate_web_acl({"ResourceArn": name}),
    ),
    "AWS::Budgets::Budget": handler(
        lambda one: (one["Budget"]["BudgetName"], budgets._create_budget(one)),
        lambda name: budgets._delete_budget({"BudgetName": name}),
    ),
}
stepfunctions._AWS_SDK_SERVICE_MAP["cognitoidentityprovider"] = {
    "target_prefix": "AWSCognitoIdentityProviderService",
    "protocol": "json",
    "service_key": "cognito-idp",
}
cloudwatch._evaluate_alarm = evaluate_by_dimensions
app._enforce_ses_v2 = enforce_by_name
cloudwatch_logs._compile_filter_pattern = compile_json_pattern
iam_actions.extract_resource_arn = resource_of_stream
cognito.handle_request = handle_deletion

if __name__ == "__main__":
    app.main()
