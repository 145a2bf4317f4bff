"""Deploys the system to AWS: preflight check, template, portal.

The preflight check reports every problem before anything is created, and says what to do about each. A setting that is
not given keeps its value from the last deployment.
"""

import argparse
import hashlib
import http.client
import ipaddress
import json
import re
import secrets
import subprocess
import sys
import tempfile
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path
from urllib.parse import parse_qsl, urlsplit

import boto3
from botocore.exceptions import BotoCoreError, ClientError
from package import ARCHITECTURES, ROOT, Refused, check_packaged, check_target, package

TEMPLATE = ROOT / "infra/template.yaml"
WEB_ACL = ROOT / "infra/web-acl.yaml"
# The only Region for web ACLs of CloudFront.
WEB_ACL_REGION = "us-east-1"
PORTAL = ROOT / "portal/dist"
# Media types by file extension, and cache headers by path prefix. The local stack reads this file too.
PORTAL_FILES = json.loads((ROOT / "infra/portal-files.json").read_text())

# The settings of `make deploy`, and the template parameter of each.
PARAMETERS = {
    "mail_from": "MailFrom",
    "sign_in_from": "SignInFrom",
    "sign_in_region": "SignInRegion",
    "mail_subject": "MailSubject",
    "mail_link_text": "MailLinkText",
    "start_url": "StartUrl",
    "alarm_email": "AlarmEmail",
    "issuer": "OidcIssuer",
    "audience": "OidcAudience",
    "client_id": "ClientId",
    "scope_prefix": "ScopePrefix",
    "token_scope_prefix": "TokenScopePrefix",
    "authorize_parameters": "AuthorizeParameters",
    "entitlement_claim": "EntitlementClaim",
    "organisation_claim": "OrganisationClaim",
    "create_user_pool": "CreateUserPool",
    "portal_domain": "PortalDomain",
    "certificate_arn": "CertificateArn",
    "arch": "Architecture",
    "invite_lifetime": "InviteLifetime",
    "retention": "Retention",
    "send_rate": "SendRate",
    "limit_recipient_per_day": "LimitRecipientPerDay",
    "limit_recipient_interval": "LimitRecipientInterval",
    "limit_manager_per_hour": "LimitManagerPerHour",
    "limit_deal_per_day": "LimitDealPerDay",
    "sending_paused": "SendingPaused",
    "web_acl": "CreateWebAcl",
    "monthly_budget": "MonthlyBudget",
    "reserved_concurrency": "ReservedConcurrency",
}
# The settings of another issuer. The stack's own user pool takes none of them.
OF_AN_ISSUER = (
    "issuer",
    "audience",
    "client_id",
    "scope_prefix",
    "token_scope_prefix",
    "authorize_parameters",
    "entitlement_claim",
)
# The portal's own parameters of its request to sign in.
OURS = {
    "client_id",
    "code_challenge",
    "code_challenge_method",
    "nonce",
    "prompt",
    "redirect_uri",
    "response_type",
    "scope",
    "state",
}
SWITCHES = ("create_user_pool", "sending_paused", "web_acl")
ADDRESS = re.compile(r'[^\s@<>"]+@[^\s@<>"]+\.[^\s@<>"]+')
LINK = re.compile(r'https://[^\s/<>"]+(/[^\s<>"]*)?')
PARAMETERS_OF_SIGN_IN = re.compile(r"[A-Za-z_]+=[^\s\"\\&=]*(&[A-Za-z_]+=[^\s\"\\&=]*)*")
# No leading zero: functions refuse to start with a time of 0.
DURATION = re.compile(r"[1-9]\d*[smhd]")
STACK_NAME = re.compile(r"[a-z][a-z0-9-]{0,30}")
# Cognito mails through SES in these from every Region ("Email settings for Amazon Cognito user pools").
COGNITO_MAIL_REGIONS = ("us-east-1", "us-west-2", "eu-west-1")
# Of a stack that could not be created. Nobody has used it.
NEVER_CREATED = ("ROLLBACK_COMPLETE", "ROLLBACK_FAILED", "CREATE_FAILED")

Values = dict[str, str]


def say(line: str) -> None:
    print(line, flush=True)


def find_stack(name: str, region: str | None = None) -> dict | None:
    """Describes the stack. None if it does not exist."""
    try:
        found = boto3.client("cloudformation", region_name=region).describe_stacks(StackName=name)["Stacks"][0]
    except ClientError as error:
        if "does not exist" in str(error):
            return None
        raise
    # A refused first change set leaves a stack with a name and no parameter values.
    return None if found["StackStatus"] == "REVIEW_IN_PROGRESS" else found


def outputs(stack: dict) -> Values:
    return {output["OutputKey"]: output["OutputValue"] for output in stack.get("Outputs", [])}


# ---- Preflight check ---------------------------------------------------------------------------------------------------


def check_syntax(given: Values, stack: str) -> Iterator[str]:
    if not STACK_NAME.fullmatch(stack) or any(word in stack for word in ("aws", "amazon", "cognito")):
        yield f"STACK is {stack!r}: give 1 to 31 lower-case letters, digits and hyphens, and none of the words aws, amazon and cognito."
    for name in ("mail_from", "sign_in_from", "alarm_email"):
        if name in given and not ADDRESS.fullmatch(given[name]):
            yield f"{name.upper()} is {given[name]!r}: give an email address."
    if "start_url" in given and not LINK.fullmatch(given["start_url"]):
        yield f"START_URL is {given['start_url']!r}: give an https URL."
    for name in ("invite_lifetime", "retention"):
        if name in given and not DURATION.fullmatch(given[name]):
            yield f"{name.upper()} is {given[name]!r}: give a time like 90s, 2h or 28d."
    if "limit_recipient_interval" in given and not (
        given["limit_recipient_interval"] == "0" or DURATION.fullmatch(given["limit_recipient_interval"])
    ):
        yield f"LIMIT_RECIPIENT_INTERVAL is {given['limit_recipient_interval']!r}: give a time like 10m, or 0 for none."
    if "limit_deal_per_day" in given and not (
        given["limit_deal_per_day"] == "by_seats" or given["limit_deal_per_day"].isdecimal()
    ):
        yield f"LIMIT_DEAL_PER_DAY is {given['limit_deal_per_day']!r}: give a whole number or by_seats."
    if given.get("limit_recipient_per_day", "").isdecimal() and int(given["limit_recipient_per_day"]) > 10:
        yield "LIMIT_RECIPIENT_PER_DAY is over 10: give at most 10, the number of sends that an invite remembers, or 0 for no limit."
    numbers = (
        "send_rate",
        "reserved_concurrency",
        "limit_recipient_per_day",
        "limit_manager_per_hour",
        "monthly_budget",
    )
    for name in numbers:
        if name in given and not given[name].isdecimal():
            yield f"{name.upper()} is {given[name]!r}: give a whole number."
    if given.get("send_rate", "").isdecimal() and int(given["send_rate"]) == 0:
        yield "SEND_RATE is 0: give at least 1, or SENDING_PAUSED=true to stop all mail."
    for name in SWITCHES:
        if name in given and given[name] not in ("true", "false"):
            yield f"{name.upper()} is {given[name]!r}: give true or false."
    for name in ("scope_prefix", "token_scope_prefix", "entitlement_claim"):
        if re.search(r"[\s\"\\]", given.get(name, "")):
            yield f"{name.upper()} is {given[name]!r}: give it without blanks, quotes and backslashes."
    if "authorize_parameters" in given:
        yield from check_authorize_parameters(given["authorize_parameters"])
    if "arch" in given and given["arch"] not in ARCHITECTURES:
        yield f"ARCH is {given['arch']!r}: give {' or '.join(ARCHITECTURES)}."


def check_authorize_parameters(text: str) -> Iterator[str]:
    if not PARAMETERS_OF_SIGN_IN.fullmatch(text):
        yield f"AUTHORIZE_PARAMETERS is {text!r}: give pairs like audience=https%3A%2F%2Fapi.example, separated by &."
    elif own := OURS.intersection(dict(parse_qsl(text))):
        yield f"AUTHORIZE_PARAMETERS names {', '.join(sorted(own))}, which the portal sets itself: leave it out."


def check_together(values: Values, region: str) -> Iterator[str]:
    """Checks the combination of given and kept values."""
    for name in ("mail_from", "alarm_email"):
        if not values.get(name):
            yield f"{name.upper()} is missing: add it, as in `make deploy {name.upper()}=…@your.domain`."
    has_pool = values.get("create_user_pool") == "true"
    if bool(values.get("issuer")) == has_pool:
        yield "Choose how people sign in: give either ISSUER=https://… and AUDIENCE=…, or CREATE_USER_POOL=true."
    if values.get("issuer") and not values.get("audience"):
        yield "AUDIENCE is missing: give the audience of the issuer's access tokens."
    if values.get("issuer") and not values.get("entitlement_claim"):
        yield "ENTITLEMENT_CLAIM is missing: give the claim of the access tokens that lists what a person may do (roles, permissions, groups). Many issuers grant a scope to whoever requests it, and a scope alone must not make an administrator."
    if has_pool and not values.get("sign_in_from"):
        yield "SIGN_IN_FROM is missing: give the address that sign-up codes come from, and not one of the domain of MAIL_FROM. Anybody can make Cognito mail any address."
    if has_pool and values["sign_in_region"] not in (region, *COGNITO_MAIL_REGIONS):
        yield f"SIGN_IN_REGION is {values['sign_in_region']}: give {region} or one of {', '.join(COGNITO_MAIL_REGIONS)}, whose SES Cognito can use from here."
    if values.get("portal_domain") and not values.get("certificate_arn"):
        yield "PORTAL_DOMAIN needs CERTIFICATE_ARN: give the ARN of its ACM certificate in us-east-1."
    if values.get("certificate_arn") and ":us-east-1:" not in values["certificate_arn"]:
        yield "CERTIFICATE_ARN is not in us-east-1: give a certificate in us-east-1, the only Region that CloudFront reads."


def is_inside(host: str) -> bool:
    """Whether a host is this machine or its network. API Gateway cannot reach such a host, and must not trust it."""
    host = host.rstrip(".")
    if host == "localhost" or host.endswith((".localhost", ".local", ".internal")) or "." not in host:
        return True
    # No top-level domain begins with a digit, but short and hexadecimal addresses do: 127.1, 0x7f.0.0.0x1.
    if host.rpartition(".")[2][0].isdigit():
        return True
    try:
        ipaddress.ip_address(host)
    except ValueError:
        return False
    return True


def read_discovery(issuer: str) -> dict:
    with urllib.request.urlopen(f"{issuer.rstrip('/')}/.well-known/openid-configuration", timeout=10) as answer:
        return json.load(answer)


def check_issuer(issuer: str, read: Callable[[str], dict] = read_discovery) -> Iterator[str]:
    try:
        parts = urlsplit(issuer)
    except ValueError as error:
        yield f"ISSUER is {issuer}, which is not a URL ({error}): give an https URL."
        return
    if parts.scheme != "https":
        yield f"ISSUER is {issuer}: give an https URL. Without TLS, anybody on the network could forge tokens."
    elif is_inside(parts.hostname or ""):
        yield f"ISSUER is {issuer}, on this machine or network: give your identity provider's issuer. The development issuer is not for AWS."
    else:
        try:
            answer = read(issuer)
            found = answer.get("issuer") if isinstance(answer, dict) else None
        except (OSError, ValueError, http.client.HTTPException) as error:
            yield f"The discovery document of ISSUER {issuer} could not be read ({error}): check the URL."
        else:
            if found != issuer:
                yield f"ISSUER is {issuer}, but its discovery document says {found}: give exactly that."
            elif not is_reached_by_the_portal(answer.get("token_endpoint"), parts.netloc):
                yield f"ISSUER {issuer} issues tokens at {answer['token_endpoint']}, but the portal may call only https://{parts.netloc} (portal/headers.json): give an issuer with its token endpoint on its own host."


def is_reached_by_the_portal(endpoint: object, host: str) -> bool:
    """Whether the portal's content security policy allows this token endpoint."""
    return endpoint is None or str(endpoint).startswith(f"https://{host}/")


def sign_in_region(region: str) -> str:
    """Another Region of the same part of the world, so that strangers' sign-ups use up no quota of the invites, and no
    address leaves that part."""
    others = (other for other in COGNITO_MAIL_REGIONS if other != region and other[:3] == region[:3])
    return next(others, region)


def check_sender(setting: str, address: str, ses) -> tuple[str | None, list[str]]:
    """Returns the verified identity of the address, and the problems."""
    domain = address.rpartition("@")[2]
    states = {}
    for identity in (address, domain):
        try:
            states[identity] = ses.get_email_identity(EmailIdentity=identity)["VerifiedForSendingStatus"]
        except ses.exceptions.NotFoundException:
            continue
    if verified := next((identity for identity, state in states.items() if state), None):
        return verified, []
    command = f"make sender {setting}={address}"
    if states:
        waiting = f"SES has not verified {', '.join(states)} yet, which {setting} needs."
        return None, [
            f"{waiting} Add the DNS records that `{command}` prints, and run it again until it says verified."
        ]
    return None, [f"SES does not know {setting} {address} in {ses.meta.region_name}: run `{command}`."]


def check_set(name: str, ses) -> Iterator[str]:
    """Cognito's mail needs the configuration set that `make sender` creates along with an identity."""
    try:
        ses.get_configuration_set(ConfigurationSetName=name)
    except ses.exceptions.NotFoundException:
        yield f"SES has no configuration set {name} in {ses.meta.region_name}, because `make sender` did not create the identity of SIGN_IN_FROM for this STACK: run `aws sesv2 create-configuration-set --region {ses.meta.region_name} --configuration-set-name {name} --delivery-options TlsPolicy=REQUIRE --suppression-options SuppressedReasons=BOUNCE,COMPLAINT --vdm-options DashboardOptions={{EngagementMetrics=DISABLED}}`."


def check_senders(values: Values, stack: str, region: str) -> tuple[Values, list[str]]:
    """Returns the parameters of the verified identities, and the problems."""
    senders = [("SenderIdentity", "mail_from", region)]
    if values.get("create_user_pool") == "true":
        senders.append(("SignInIdentity", "sign_in_from", values["sign_in_region"]))
    identities, problems = {}, []
    for parameter, name, where in senders:
        if not values.get(name):
            continue  # check_together has named it
        ses = boto3.client("sesv2", region_name=where)
        identity, found = check_sender(name.upper(), values[name], ses)
        problems += found
        identities[parameter] = identity
        if identity and name == "sign_in_from":
            problems += check_set(f"{stack}-sign-in", ses)
        if not ses.get_account().get("ProductionAccessEnabled"):
            say(
                f"Note: SES is in its sandbox in {where} and mails verified addresses only; docs/how-to.md says how to leave it."
            )
    if len(identities) > 1 and len(set(identities.values())) == 1 and not problems:
        problems.append(
            f"SIGN_IN_FROM and MAIL_FROM have the same identity, {identities['SenderIdentity']}: give SIGN_IN_FROM an address of another domain, for example of a subdomain. Otherwise complaints about sign-ups by strangers count against the invites."
        )
    return identities, problems


# ---- Deploying --------------------------------------------------------------------------------------------------------


def parameter_names(stack: dict | None) -> set[str]:
    """The parameters that have a value, masked or not. A stack that imported a table has few."""
    return {parameter["ParameterKey"] for parameter in (stack or {}).get("Parameters", [])}


def earlier_values(stack: dict | None) -> Values:
    found = {p["ParameterKey"]: p["ParameterValue"] for p in (stack or {}).get("Parameters", [])}
    return {name: found[key] for name, key in PARAMETERS.items() if found.get(key)}


def resolve(given: Values, earlier: Values) -> Values:
    """Merges given and earlier values. Choosing one way to sign in drops the other."""
    values = earlier | given
    if given.get("create_user_pool") == "true":
        values |= {name: given.get(name, "") for name in OF_AN_ISSUER}
    elif given.get("issuer"):
        values["create_user_pool"] = given.get("create_user_pool", "false")
    return values


def sam_deploy(template: Path, stack: str, region: str, parameters: Values) -> None:
    remove_failed_creation(stack, region)
    command = ["sam", "deploy", "--template-file", str(template)]
    command += ["--config-file", str(TEMPLATE.with_name("samconfig.toml"))]
    command += ["--stack-name", stack, "--region", region, "--no-progressbar", "--parameter-overrides"]
    # In a file: sam would cut a value at a quote, and every user of this machine can read a command line, secret
    # included. JSON is valid YAML, and sam accepts only YAML.
    with tempfile.NamedTemporaryFile("w", suffix=".yaml") as file:
        json.dump(parameters, file)
        file.flush()
        ended = subprocess.run([*command, f"file://{file.name}"], check=False)
    if ended.returncode != 0:
        remove_failed_creation(stack, region)
        raise Refused(
            f"CloudFormation did not deploy {stack}, for the reason above. Fix it, then run the same command again."
        )


def remove_failed_creation(stack: str, region: str) -> None:
    """Deletes a stack that could not be created, which CloudFormation would not deploy again. Its table and user pool are
    protected against deletion, and are deleted only if they are empty."""
    found = find_stack(stack, region)
    if not found or found["StackStatus"] not in NEVER_CREATED:
        return
    cloudformation = boto3.client("cloudformation", region_name=region)
    pages = cloudformation.get_paginator("list_stack_resources").paginate(StackName=stack)
    resources = [one for page in pages for one in page["StackResourceSummaries"]]
    left = [
        (KEPT[one["ResourceType"]](region), one["PhysicalResourceId"])
        for one in resources
        if one["ResourceType"] in KEPT and one.get("PhysicalResourceId") and one["ResourceStatus"] != "DELETE_COMPLETE"
    ]
    left = [(kept, name) for kept, name in left if kept.exists(name)]
    if used := [name for kept, name in left if not kept.is_empty(name)]:
        raise Refused(
            f"The stack {stack} could not be created, but {', '.join(used)} is not empty, so nothing was deleted: look at it, then delete the stack in the console."
        )
    say(f"Deleting what the failed creation of {stack} left…")
    for kept, name in left:
        kept.unprotect(name)
    cloudformation.delete_stack(StackName=stack)
    cloudformation.get_waiter("stack_delete_complete").wait(StackName=stack)
    # CloudFormation keeps a table and a pool when a stack is deleted.
    for kept, name in left:
        if kept.exists(name):
            kept.delete(name)


class KeptTable:
    def __init__(self, region: str) -> None:
        self.dynamodb = boto3.client("dynamodb", region_name=region)

    def exists(self, name: str) -> bool:
        try:
            return self.dynamodb.describe_table(TableName=name)["Table"]["TableStatus"] != "DELETING"
        except self.dynamodb.exceptions.ResourceNotFoundException:
            return False

    def is_empty(self, name: str) -> bool:
        return self.dynamodb.scan(TableName=name, Limit=1)["Count"] == 0

    def unprotect(self, name: str) -> None:
        self.dynamodb.update_table(TableName=name, DeletionProtectionEnabled=False)

    def delete(self, name: str) -> None:
        self.dynamodb.delete_table(TableName=name)


class KeptUserPool:
    def __init__(self, region: str) -> None:
        self.cognito = boto3.client("cognito-idp", region_name=region)

    def exists(self, name: str) -> bool:
        try:
            return bool(self.cognito.describe_user_pool(UserPoolId=name))
        except self.cognito.exceptions.ResourceNotFoundException:
            return False

    def is_empty(self, name: str) -> bool:
        return not self.cognito.list_users(UserPoolId=name, Limit=1)["Users"]

    def unprotect(self, name: str) -> None:
        self.cognito.update_user_pool(UserPoolId=name, DeletionProtection="INACTIVE")

    def delete(self, name: str) -> None:
        self.cognito.delete_user_pool(UserPoolId=name)


# What outlives its stack.
KEPT = {"AWS::DynamoDB::Table": KeptTable, "AWS::Cognito::UserPool": KeptUserPool}


def deploy_web_acl(stack: str) -> str:
    """Creates or changes CloudFront's web ACL. Returns its ARN."""
    name = f"{stack}-web-acl"
    sam_deploy(WEB_ACL, name, WEB_ACL_REGION, {"Name": stack})
    return outputs(find_stack(name, WEB_ACL_REGION))["WebAclArn"]


def delete_web_acl(stack: str) -> None:
    """It costs money for as long as it exists."""
    if find_stack(f"{stack}-web-acl", WEB_ACL_REGION):
        boto3.client("cloudformation", region_name=WEB_ACL_REGION).delete_stack(StackName=f"{stack}-web-acl")


def origin_secrets(before: dict | None, rotate: bool) -> list[Values]:
    """The parameters of each update. A rotation takes three, because CloudFront and the functions change at different
    times, and the functions must know what CloudFront sends: accept the new secret, send it, forget the old one."""
    new = secrets.token_hex(32)
    if "OriginSecret" not in parameter_names(before):
        return [{"OriginSecret": new}]
    if not rotate:
        return [{}]
    distribution = outputs(before)["DistributionId"]
    found = boto3.client("cloudfront").get_distribution_config(Id=distribution)["DistributionConfig"]
    [api] = [origin for origin in found["Origins"]["Items"] if origin["Id"] == "api"]
    [header] = api["CustomHeaders"]["Items"]
    old = header["HeaderValue"]
    return [
        {"OriginSecret": old, "OtherOriginSecret": new},
        {"OriginSecret": new, "OtherOriginSecret": old},
        {"OriginSecret": new, "OtherOriginSecret": ""},
    ]


def affordable_concurrency(region: str) -> str:
    """What to reserve when nobody said. AWS refuses to leave less than 100 of the account's invocations unreserved."""
    limits = boto3.client("lambda", region_name=region).get_account_settings()["AccountLimit"]
    return "20" if limits["UnreservedConcurrentExecutions"] - (7 * 20 + 3 * 2) >= 100 else "0"


def content_type(name: str) -> str:
    return PORTAL_FILES["types"].get(name.rpartition(".")[2], "application/octet-stream")


def cache_control(name: str) -> str:
    """A file with its content's hash in its name never changes. Browsers revalidate every other file."""
    beginning = max((start for start in PORTAL_FILES["caching"] if name.startswith(start)), key=len)
    return PORTAL_FILES["caching"][beginning]


def portal_files(out: Values) -> dict[str, bytes]:
    files = {
        path.relative_to(PORTAL).as_posix(): path.read_bytes() for path in sorted(PORTAL.rglob("*")) if path.is_file()
    }
    config = {
        "issuer": out["OidcIssuerUrl"],
        "clientId": out["OidcClientId"],
        "startUrl": out["StartUrl"],
        "mailFrom": out["MailFrom"],
        "mailSubject": out["MailSubject"],
        "inviteLifetime": out["InviteLifetime"],
    } | json.loads(out["SignIn"])
    if "UserPoolId" in out:
        config["scopePrefix"] = "seatkeeper/"
    return files | {"config.json": json.dumps(config).encode()}


def upload_portal(out: Values) -> int:
    """Uploads changed files and deletes old pages. Returns how many objects changed."""
    s3, bucket = boto3.client("s3"), out["PortalBucket"]
    pages = s3.get_paginator("list_objects_v2").paginate(Bucket=bucket)
    there = {entry["Key"]: entry["ETag"].strip('"') for page in pages for entry in page.get("Contents", [])}
    files = portal_files(out)
    changed = [
        name for name, body in files.items() if there.get(name) != hashlib.md5(body, usedforsecurity=False).hexdigest()
    ]
    # Pages last, so that everything they load is there.
    for name in sorted(changed, key=lambda name: name.endswith(".html")):
        s3.put_object(
            Bucket=bucket, Key=name, Body=files[name], ContentType=content_type(name), CacheControl=cache_control(name)
        )
    # Assets of earlier deployments stay, because open tabs and cached pages still load them. A deployment adds a few
    # hundred kilobytes, which cost less than tracking who still needs them.
    gone = sorted(name for name in there.keys() - files.keys() if not name.startswith("assets/"))
    for name in gone:
        s3.delete_object(Bucket=bucket, Key=name)
    if changed or gone:
        boto3.client("cloudfront").create_invalidation(
            DistributionId=out["DistributionId"],
            InvalidationBatch={"CallerReference": secrets.token_hex(8), "Paths": {"Quantity": 1, "Items": ["/*"]}},
        )
    return len(changed) + len(gone)


def smoke_test(stack: str) -> None:
    """Mails SES's simulator through the deployed function, because only SES knows which permissions it asks for."""
    answer = boto3.client("lambda").invoke(FunctionName=f"{stack}-deliver-invites", Payload=b'{"smokeTest": true}')
    said = json.load(answer["Payload"])
    refused = said.get("errorMessage", "the function failed") if "FunctionError" in answer else said["refused"]
    if refused:
        raise Refused(
            f"The system is deployed, but cannot mail yet. SES refused the smoke test's mail: {refused}. Look it up under sending-stopped in docs/runbook.md, then run `make deploy` again."
        )
    say("SES took the smoke test's mail.")


def check_portal() -> Iterator[str]:
    """The pages must be built."""
    if not (PORTAL / "index.html").is_file():
        yield "The portal is not built: run `make portal`."


def check_state(stack: str, before: dict | None) -> Iterator[str]:
    """CloudFormation must be able to change the stack now."""
    status = before["StackStatus"] if before else ""
    if status == "DELETE_FAILED":
        yield f"CloudFormation could not delete {stack}: run `aws cloudformation delete-stack --stack-name {stack}` again, then deploy again."
    elif status == "UPDATE_ROLLBACK_FAILED":
        yield f"CloudFormation could not roll {stack} back: run `aws cloudformation continue-update-rollback --stack-name {stack}`, then deploy again."
    elif status.endswith("_IN_PROGRESS"):
        yield f"Another change of {stack} is running ({status}): deploy again when it has ended."


def check_package(architecture: str, will_build: bool) -> Iterator[str]:
    """The functions must be packaged, or Rust able to build them."""
    if architecture not in ARCHITECTURES:
        return  # check_syntax has named it
    try:
        if will_build:
            check_target(ARCHITECTURES[architecture][0])
        else:
            check_packaged(architecture)
    except Refused as refusal:
        yield str(refusal)


def deploy(given: Values, stack: str, rotate: bool, will_build: bool = False) -> None:
    session = boto3.session.Session()
    region = session.region_name
    if not region:
        raise Refused("No Region is set: give one, as in `AWS_DEFAULT_REGION=eu-west-1 make deploy …`.")
    problems = list(check_syntax(given, stack))
    if problems:
        raise Refused("\n".join(problems))
    say(f"Checking the account and the settings (Region {region}, stack {stack})…")
    account = session.client("sts").get_caller_identity()["Account"]
    before = find_stack(stack)
    problems += check_state(stack, before)
    values = {"sign_in_region": sign_in_region(region)} | resolve(given, earlier_values(before))
    if before and before["StackStatus"] in NEVER_CREATED:
        before = None
    if not before and "reserved_concurrency" not in values:
        values["reserved_concurrency"] = affordable_concurrency(region)
    problems += check_together(values, region)
    if values.get("issuer"):
        problems += check_issuer(values["issuer"])
    identities, found = check_senders(values, stack, region)
    problems += found
    architecture = values.get("arch", "x86_64")
    problems += check_package(architecture, will_build)
    problems += check_portal()
    if problems:
        raise Refused("\n".join(problems))
    if will_build:
        package(architecture)
    parameters = {PARAMETERS[name]: value for name, value in values.items() if value or name in OF_AN_ISSUER}
    parameters |= identities
    say(f"Deploying to account {account} (about ten minutes the first time, mostly for CloudFront)…")
    has_web_acl = values.get("web_acl") != "false"
    # Another Region's deployment of this name may have it.
    had_web_acl = find_stack(f"{stack}-web-acl", WEB_ACL_REGION) is not None
    parameters["WebAclArn"] = deploy_web_acl(stack) if has_web_acl else ""
    try:
        for origin in origin_secrets(before, rotate):
            sam_deploy(TEMPLATE, stack, region, parameters | origin)
    except Refused:
        # A failed creation leaves nothing behind.
        if not had_web_acl and not find_stack(stack):
            delete_web_acl(stack)
        raise
    if not has_web_acl:
        delete_web_acl(stack)
    after = find_stack(stack)
    out = outputs(after)
    uploaded = upload_portal(out)
    is_same = before is not None and before.get("LastUpdatedTime") == after.get("LastUpdatedTime")
    if is_same and not uploaded:
        say("Nothing to change since the last deployment.")
    say(f"\nSeatkeeper is at {out['PortalUrl']}")
    if values.get("portal_domain"):
        say(f"  Add a DNS record: {values['portal_domain']} CNAME {out['DistributionDomain']}")
    if before is None:
        say(f"  Confirm the alarm subscription: AWS has mailed {values['alarm_email']}.")
        if "UserPoolId" in out:
            say("  Add a partnership manager:  make partner EMAIL=…")
            say("  Add a learning manager:     make manager EMAIL=… ORG=…")
    if values.get("sending_paused") == "true":
        say("Sending is paused, so the smoke test sent no mail.")
    else:
        smoke_test(stack)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--stack", default="seatkeeper")
    parser.add_argument("--rotate-origin-secret", action="store_true")
    parser.add_argument("--package", action="store_true", help="build the functions after the preflight check")
    for name in PARAMETERS:
        parser.add_argument(f"--{name.replace('_', '-')}")
    arguments = vars(parser.parse_args())
    given = {name: arguments[name] for name in PARAMETERS if arguments[name]}
    run(lambda: deploy(given, arguments["stack"], arguments["rotate_origin_secret"], arguments["package"]))


def run(command: Callable[[], None]) -> None:
    """Runs a command and prints its problems without a traceback."""
    try:
        command()
    except Refused as refusal:
        print(refusal, file=sys.stderr)
        sys.exit(2)
    except (BotoCoreError, ClientError) as error:
        print(
            f"A request to AWS failed: {error}\nIf this is about credentials, the Region or the network, mend that. Then run the same command again: it goes on where it stopped.",
            file=sys.stderr,
        )
        sys.exit(2)


if __name__ == "__main__":
    main()
