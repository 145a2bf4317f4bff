"""Starts the emulator, taught two things that AWS does and it does not.

ses:SendBulkEmail is authorised on the sender's identity and on the configuration set, each by its ARN: it would ask
for permission on "*", which no role of ours has. And Cognito has AdminDeleteUserAttributes, which `make dismiss` calls.
"""

import json
from collections.abc import Iterator

from ministack import app
from ministack.core.responses import get_account_id, json_response
from ministack.services import cognito

BULK = "/v2/email/outbound-bulk-emails"
enforce = app._enforce_ses_v2
handle_cognito = cognito.handle_request


def resources(request: dict) -> Iterator[str]:
    sender = request["FromEmailAddress"].rpartition("<")[2].rstrip(">")
    is_identity = sender in app._get_module("ses_v2")._identities
    yield f"identity/{sender if is_identity else sender.rpartition('@')[2]}"
    if name := request.get("ConfigurationSetName"):
        yield f"configuration-set/{name}"


def enforce_by_name(method: str, path: str, headers: dict, body: bytes, query_params: dict, request_id: str):
    if path != BULK:
        return enforce(method, path, headers, body, query_params, request_id)
    region = app.extract_region(headers, query_params)
    for resource in resources(json.loads(body)):
        arn = f"arn:aws:ses:{region}:{get_account_id()}:{resource}"
        call = ("sesv2", "ses:SendBulkEmail", headers, query_params, request_id)
        if denied := app._enforce_data_plane(*call, resource_arn=arn, named_resource=arn):
            return denied
    return None


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


app._enforce_ses_v2 = enforce_by_name
cognito.handle_request = handle_deletion

if __name__ == "__main__":
    app.main()
