"""Puts the system on AWS: checks all that can be checked first, deploys the template, uploads the portal.

Whatever would fail half-way is refused before anything is made, all of it at once, each in a sentence that says what to
do. What is not given keeps the value of the deployment before.
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
from urllib.parse import urlsplit

import boto3
from botocore.exceptions import BotoCoreError, ClientError
from package import ARCHITECTURES, ROOT, Refused, check_packaged, check_target, package

TEMPLATE = ROOT / "infra/template.yaml"
PORTAL = ROOT / "portal/dist"
# What files are and how long they may be kept, by the end and by the beginning of a name. The local stack reads it, too.
PORTAL_FILES = json.loads((ROOT / "infra/portal-files.json").read_text())

# What `make deploy` takes, and the template's parameter for it.
PARAMETERS = {
    "mail_from": "MailFrom",
    "mail_subject": "MailSubject",
    "mail_link_text": "MailLinkText",
    "start_url": "StartUrl",
    "alarm_email": "AlarmEmail",
    "issuer": "OidcIssuer",
    "audience": "OidcAudience",
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
    "reserved_concurrency": "ReservedConcurrency",
}
SWITCHES = ("create_user_pool", "sending_paused", "web_acl")
ADDRESS = re.compile(r'[^\s@<>"]+@[^\s@<>"]+\.[^\s@<>"]+')
LINK = re.compile(r'https://[^\s/<>"]+(/[^\s<>"]*)?')
# Without a zero at the beginning: functions refuse to start with no time at all.
DURATION = re.compile(r"[1-9]\d*[smhd]")
STACK_NAME = re.compile(r"[a-z][a-z0-9-]{0,30}")

Values = dict[str, str]


def say(line: str) -> None:
    print(line, flush=True)


def find_stack(name: str) -> dict | None:
    """The stack as it is, or None when there is none."""
    try:
        found = boto3.client("cloudformation").describe_stacks(StackName=name)["Stacks"][0]
    except ClientError as error:
        if "does not exist" in str(error):
            return None
        raise
    # A first change set that was refused leaves the name, and nothing else: no parameter of it has a value.
    return None if found["StackStatus"] == "REVIEW_IN_PROGRESS" else found


def outputs(stack: dict) -> Values:
    return {output["OutputKey"]: output["OutputValue"] for output in stack.get("Outputs", [])}


# ---- What is checked before anything is made --------------------------------------------------------------------------


def check_syntax(given: Values, stack: str) -> Iterator[str]:
    if not STACK_NAME.fullmatch(stack) or any(word in stack for word in ("aws", "amazon", "cognito")):
        yield f"STACK is {stack!r}: give 1 to 31 lower-case letters, digits and hyphens, without aws, amazon or cognito in it."
    for name in ("mail_from", "alarm_email"):
        if name in given and not ADDRESS.fullmatch(given[name]):
            yield f"{name.upper()} is {given[name]!r}: give an email address."
    if "start_url" in given and not LINK.fullmatch(given["start_url"]):
        yield f"START_URL is {given['start_url']!r}: give an https address."
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
        yield f"LIMIT_DEAL_PER_DAY is {given['limit_deal_per_day']!r}: give a whole number, or by_seats."
    if given.get("limit_recipient_per_day", "").isdecimal() and int(given["limit_recipient_per_day"]) > 10:
        yield "LIMIT_RECIPIENT_PER_DAY is over 10: an invite remembers no more sends than that. 0 is no limit."
    for name in ("send_rate", "reserved_concurrency", "limit_recipient_per_day", "limit_manager_per_hour"):
        if name in given and not given[name].isdecimal():
            yield f"{name.upper()} is {given[name]!r}: give a whole number."
    if given.get("send_rate", "").isdecimal() and int(given["send_rate"]) == 0:
        yield "SEND_RATE is 0: give at least 1, or SENDING_PAUSED=true to mail nothing."
    for name in SWITCHES:
        if name in given and given[name] not in ("true", "false"):
            yield f"{name.upper()} is {given[name]!r}: give true or false."
    if "arch" in given and given["arch"] not in ARCHITECTURES:
        yield f"ARCH is {given['arch']!r}: give {' or '.join(ARCHITECTURES)}."


def check_together(values: Values, region: str) -> Iterator[str]:
    """What has to fit together, of the values as they will be."""
    for name in ("mail_from", "alarm_email"):
        if not values.get(name):
            yield f"{name.upper()} is missing: give it, as in `make deploy {name.upper()}=…@your.domain`."
    has_pool = values.get("create_user_pool") == "true"
    if bool(values.get("issuer")) == has_pool:
        yield "Say how people sign in: either ISSUER=https://… and AUDIENCE=…, or CREATE_USER_POOL=true."
    if values.get("issuer") and not values.get("audience"):
        yield "AUDIENCE is missing: give the audience that the issuer's access tokens are for."
    if values.get("web_acl") == "true" and region != "us-east-1":
        yield f"WEB_ACL=true works in us-east-1 only, where CloudFront's web ACLs live, and this is {region}: leave it out, or deploy there."
    if values.get("portal_domain") and not values.get("certificate_arn"):
        yield "PORTAL_DOMAIN needs CERTIFICATE_ARN: the ARN of its ACM certificate in us-east-1."
    if values.get("certificate_arn") and ":us-east-1:" not in values["certificate_arn"]:
        yield "CERTIFICATE_ARN must be a certificate in us-east-1, where CloudFront takes them from."


def is_inside(host: str) -> bool:
    """Whether a host is this machine or its network: nothing that API Gateway could reach, or should trust."""
    host = host.rstrip(".")
    if host == "localhost" or host.endswith((".localhost", ".local", ".internal")) or "." not in host:
        return True
    # No top-level domain begins with a digit, but addresses in short or in hex do: 127.1, 0x7f.0.0.0x1.
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
        yield f"ISSUER is {issuer}: that is no address ({error})."
        return
    if parts.scheme != "https":
        yield f"ISSUER is {issuer}: it must be https, or anybody on the way could make tokens."
    elif is_inside(parts.hostname or ""):
        yield f"ISSUER is {issuer}: that is a host of this machine or network, and the development issuer is not for AWS; give your identity provider's."
    else:
        try:
            answer = read(issuer)
            found = answer.get("issuer") if isinstance(answer, dict) else None
        except (OSError, ValueError, http.client.HTTPException) as error:
            yield f"ISSUER {issuer} can't be asked for its discovery document ({error}): check the address."
        else:
            if found != issuer:
                yield f"ISSUER is {issuer}, and calls itself {found}: give it exactly so."
            elif not is_reached_by_the_portal(answer.get("token_endpoint"), parts.netloc):
                yield f"ISSUER {issuer} gives tokens at {answer['token_endpoint']}: the portal's pages can ask https://{parts.netloc} only (portal/headers.json)."


def is_reached_by_the_portal(endpoint: object, host: str) -> bool:
    """Whether the portal's content security policy lets its pages ask there."""
    return endpoint is None or str(endpoint).startswith(f"https://{host}/")


def check_sender(address: str, ses) -> tuple[str | None, list[str]]:
    """The verified identity that the address belongs to, and what stands in the way."""
    domain = address.rpartition("@")[2]
    states = {}
    for identity in (address, domain):
        try:
            states[identity] = ses.get_email_identity(EmailIdentity=identity)["VerifiedForSendingStatus"]
        except ses.exceptions.NotFoundException:
            continue
    if verified := next((identity for identity, state in states.items() if state), None):
        return verified, []
    if states:
        waiting = f"MAIL_FROM {address}: SES has not verified {', '.join(states)} yet."
        return None, [
            f"{waiting} Add the DNS records that `make sender MAIL_FROM={address}` prints, and wait until it says verified."
        ]
    return None, [f"MAIL_FROM {address} is no sender that SES knows here: run `make sender MAIL_FROM={address}`."]


# ---- Deploying --------------------------------------------------------------------------------------------------------


def parameter_names(stack: dict | None) -> set[str]:
    """What the stack has a value for, shown or not. One that adopted a table has few."""
    return {parameter["ParameterKey"] for parameter in (stack or {}).get("Parameters", [])}


def earlier_values(stack: dict | None) -> Values:
    found = {p["ParameterKey"]: p["ParameterValue"] for p in (stack or {}).get("Parameters", [])}
    return {name: found[key] for name, key in PARAMETERS.items() if found.get(key)}


def resolve(given: Values, earlier: Values) -> Values:
    """The values as they will be. Choosing one way to sign in drops the other."""
    values = earlier | given
    if given.get("create_user_pool") == "true":
        values |= {"issuer": given.get("issuer", ""), "audience": given.get("audience", "")}
    elif given.get("issuer"):
        values["create_user_pool"] = given.get("create_user_pool", "false")
    return values


def sam_deploy(stack: str, region: str, parameters: Values) -> None:
    command = [
        "sam",
        "deploy",
        "--template-file",
        str(TEMPLATE),
        "--config-file",
        str(TEMPLATE.with_name("samconfig.toml")),
    ]
    command += ["--stack-name", stack, "--region", region, "--no-progressbar", "--parameter-overrides"]
    # In a file of our own: a value may hold quotes, at which sam would cut it off, and everybody on this machine can
    # read a command line, which would show the secret. JSON is YAML, and sam takes no JSON.
    with tempfile.NamedTemporaryFile("w", suffix=".yaml") as file:
        json.dump(parameters, file)
        file.flush()
        ended = subprocess.run([*command, f"file://{file.name}"], check=False)
    if ended.returncode != 0:
        raise Refused(
            "CloudFormation did not take it; what it says stands above. It puts back what was there before; "
            "deploying again says what is left to do."
        )


def content_type(name: str) -> str:
    return PORTAL_FILES["types"].get(name.rpartition(".")[2], "application/octet-stream")


def cache_control(name: str) -> str:
    """What bears its content's hash in its name never changes; everything else is asked for again."""
    beginning = max((start for start in PORTAL_FILES["caching"] if name.startswith(start)), key=len)
    return PORTAL_FILES["caching"][beginning]


def portal_files(out: Values) -> dict[str, bytes]:
    files = {
        path.relative_to(PORTAL).as_posix(): path.read_bytes() for path in sorted(PORTAL.rglob("*")) if path.is_file()
    }
    config = {
        "issuer": out["OidcIssuerUrl"],
        "clientId": out["OidcClientId"],
        "scopePrefix": "seatkeeper/" if "UserPoolId" in out else "",
        "startUrl": out["StartUrl"],
        "mailFrom": out["MailFrom"],
        "mailSubject": out["MailSubject"],
    }
    return files | {"config.json": json.dumps(config).encode()}


def upload_portal(out: Values) -> int:
    """Makes the bucket hold the portal's files. Returns how many objects it had to change."""
    s3, bucket = boto3.client("s3"), out["PortalBucket"]
    pages = s3.get_paginator("list_objects_v2").paginate(Bucket=bucket)
    there = {entry["Key"]: entry["ETag"].strip('"') for page in pages for entry in page.get("Contents", [])}
    files = portal_files(out)
    changed = [
        name for name, body in files.items() if there.get(name) != hashlib.md5(body, usedforsecurity=False).hexdigest()
    ]
    # Pages last: what they load has to be there.
    for name in sorted(changed, key=lambda name: name.endswith(".html")):
        s3.put_object(
            Bucket=bucket, Key=name, Body=files[name], ContentType=content_type(name), CacheControl=cache_control(name)
        )
    # Assets of earlier deployments stay: tabs that are open, and pages that CloudFront has still cached, ask for them. A
    # deployment adds a few hundred kilobytes, which cost less than finding out when nobody needs them any more.
    gone = sorted(name for name in there.keys() - files.keys() if not name.startswith("assets/"))
    for name in gone:
        s3.delete_object(Bucket=bucket, Key=name)
    if changed or gone:
        boto3.client("cloudfront").create_invalidation(
            DistributionId=out["DistributionId"],
            InvalidationBatch={"CallerReference": secrets.token_hex(8), "Paths": {"Quantity": 1, "Items": ["/*"]}},
        )
    return len(changed) + len(gone)


def check_portal() -> Iterator[str]:
    """Whether there are pages to upload."""
    if not (PORTAL / "index.html").is_file():
        yield "The portal is not built: run `make portal`."


def check_state(stack: str, before: dict | None) -> Iterator[str]:
    """Whether CloudFormation can change the stack now."""
    status = before["StackStatus"] if before else ""
    if status in ("ROLLBACK_COMPLETE", "ROLLBACK_FAILED", "CREATE_FAILED", "DELETE_FAILED"):
        yield f"{stack} is what a failed deployment left ({status}): delete it with `aws cloudformation delete-stack --stack-name {stack}`, then deploy again."
    elif status == "UPDATE_ROLLBACK_FAILED":
        yield f"CloudFormation could not put {stack} back: run `aws cloudformation continue-update-rollback --stack-name {stack}`, then deploy again."
    elif status.endswith("_IN_PROGRESS"):
        yield f"{stack} is being changed by somebody else ({status}): deploy again when that has ended."


def check_package(architecture: str, will_build: bool) -> Iterator[str]:
    """Whether there are functions to deploy, or can be."""
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
        raise Refused("No region is set: say where, as in `AWS_DEFAULT_REGION=eu-west-1 make deploy …`.")
    problems = list(check_syntax(given, stack))
    if problems:
        raise Refused("\n".join(problems))
    say(f"Checking the account and the settings (region {region}, stack {stack})…")
    account = session.client("sts").get_caller_identity()["Account"]
    before = find_stack(stack)
    problems += check_state(stack, before)
    values = resolve(given, earlier_values(before))
    problems += check_together(values, region)
    if values.get("issuer"):
        problems += check_issuer(values["issuer"])
    identity, found = (
        check_sender(values["mail_from"], session.client("sesv2")) if values.get("mail_from") else (None, [])
    )
    problems += found
    architecture = values.get("arch", "x86_64")
    problems += check_package(architecture, will_build)
    problems += check_portal()
    if problems:
        raise Refused("\n".join(problems))
    if will_build:
        package(architecture)
    if not session.client("sesv2").get_account().get("ProductionAccessEnabled"):
        say("Note: SES is in its sandbox here and mails verified addresses only; docs/how-to.md says how to leave it.")

    parameters = {PARAMETERS[name]: value for name, value in values.items() if value or name in ("issuer", "audience")}
    parameters["SenderIdentity"] = identity
    if rotate or "OriginSecret" not in parameter_names(before):
        parameters["OriginSecret"] = secrets.token_hex(32)
    say(f"Deploying to account {account} (a first time takes about ten minutes, most of it CloudFront's)…")
    sam_deploy(stack, region, parameters)
    after = find_stack(stack)
    out = outputs(after)
    uploaded = upload_portal(out)
    is_same = before is not None and before.get("LastUpdatedTime") == after.get("LastUpdatedTime")
    if is_same and not uploaded:
        say("Nothing to change: all is as it was deployed before.")
    say(f"\nSeatkeeper is at {out['PortalUrl']}")
    if values.get("portal_domain"):
        say(f"  Point {values['portal_domain']} at {out['DistributionDomain']} (a CNAME record).")
    if before is None:
        say(f"  Confirm the alarms: there is a mail from AWS to {values['alarm_email']}.")
        if "UserPoolId" in out:
            say("  Appoint who creates deals:   make partner EMAIL=…")
            say("  Appoint a learning manager:  make manager EMAIL=… ORG=…")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--stack", default="seatkeeper")
    parser.add_argument("--rotate-origin-secret", action="store_true")
    parser.add_argument("--package", action="store_true", help="build the functions once the checks have passed")
    for name in PARAMETERS:
        parser.add_argument(f"--{name.replace('_', '-')}")
    arguments = vars(parser.parse_args())
    given = {name: arguments[name] for name in PARAMETERS if arguments[name]}
    run(lambda: deploy(given, arguments["stack"], arguments["rotate_origin_secret"], arguments["package"]))


def run(command: Callable[[], None]) -> None:
    """Runs a command; what goes wrong is said in sentences."""
    try:
        command()
    except Refused as refusal:
        print(refusal, file=sys.stderr)
        sys.exit(2)
    except (BotoCoreError, ClientError) as error:
        print(f"AWS says: {error}", file=sys.stderr)
        sys.exit(2)


if __name__ == "__main__":
    main()
