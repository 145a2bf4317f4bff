"""Adds and removes learning managers and partnership managers in the stack's own user pool, and lifts opt-outs."""

import argparse
import base64
import contextlib
import hashlib
import re
import time
import unicodedata

import boto3
import idna
from deploy import ADDRESS, Refused, find_stack, outputs, run, say

MANAGERS = "learning-managers"
PARTNERS = "partnership-managers"
ORGANISATION = re.compile(r"[a-z0-9-]{1,64}")


# By then every token of the stack's own pool has expired. DynamoDB deletes the block later.
BLOCKED_FOR = 86_400
# Longer than an event about a complaint waits in any queue.
MARK_KEPT = 30 * 86_400


def person_id(issuer: str, subject: str) -> str:
    """The hash by which the table and the audit log know a person: `PersonId::new` in shared/src/domain/id.rs."""
    hashed = hashlib.sha256(len(issuer.encode()).to_bytes(8, "big") + issuer.encode() + subject.encode())
    return base64.urlsafe_b64encode(hashed.digest()).rstrip(b"=").decode()


def normalised(email: str) -> str:
    """One text for all spellings of an address: `Email::normalised` in shared/src/domain/email.rs."""
    local, _, domain = unicodedata.normalize("NFKC", email).rpartition("@")
    try:
        host = idna.encode(domain, uts46=True).decode()
    except idna.IDNAError:
        host = ""
    if not local.isascii() or not ADDRESS.fullmatch(f"{local}@{host}"):
        raise Refused(f"EMAIL is {email!r}: give the learner's email address as the organisation invited it.")
    return f"{local}@{host}".lower()


def opt_out_digest(organisation: str, email: str) -> str:
    """The hash by which the table knows an opt-out: `opt_out_digest` in shared/src/domain/id.rs."""
    hashed = hashlib.sha256(f"{organisation}#{normalised(email)}".encode())
    return base64.urlsafe_b64encode(hashed.digest()).rstrip(b"=").decode()


def opt_in(dynamodb, table: str, digest: str) -> None:
    """Leaves a mark, as `Store::opt_in` does in shared/src/store/opt_out.rs."""
    now = int(time.time())
    try:
        dynamodb.update_item(
            TableName=table,
            Key={"pk": {"S": f"N#{digest}"}, "sk": {"S": "N"}},
            UpdateExpression="SET liftedAt = :now, purgeAt = :at REMOVE optedOutAt",
            ConditionExpression="attribute_exists(optedOutAt)",
            ExpressionAttributeValues={":now": {"N": str(now)}, ":at": {"N": str(now + MARK_KEPT)}},
        )
    except dynamodb.exceptions.ConditionalCheckFailedException:
        raise Refused("This address has not opted out of this organisation's invites: check EMAIL and ORG.") from None


class Block:
    """Stops a manager's sending at once, and ends their digest. The mark is on the item that counts the manager's sends,
    which each send writes."""

    def __init__(self, dynamodb, out: dict[str, str]) -> None:
        self.dynamodb, self.table, self.issuer = dynamodb, out["TableName"], out["OidcIssuerUrl"]

    def key(self, subject: str, item: str) -> dict:
        return {"pk": {"S": f"M#{person_id(self.issuer, subject)}"}, "sk": {"S": item}}

    def update(self, subject: str, expression: str, **values: dict) -> None:
        key = self.key(subject, "SENDS")
        self.dynamodb.update_item(TableName=self.table, Key=key, UpdateExpression=expression, **values)

    def set(self, subject: str) -> None:
        values = {":yes": {"BOOL": True}, ":at": {"N": str(int(time.time()) + BLOCKED_FOR)}, ":none": {"N": "0"}}
        # An item that did not exist becomes a count that has ended, as functions can read it.
        counts = "windowEnds = if_not_exists(windowEnds, :none), used = if_not_exists(used, :none)"
        self.update(subject, f"SET blocked = :yes, purgeAt = :at, {counts}", ExpressionAttributeValues=values)

        # After the block, so that no earlier token switches the digest on again.
        self.end_digest(subject)

    def end_digest(self, subject: str) -> None:
        self.dynamodb.delete_item(TableName=self.table, Key=self.key(subject, "DIGEST"))

    def lift(self, subject: str) -> None:
        with contextlib.suppress(self.dynamodb.exceptions.ConditionalCheckFailedException):
            self.update(subject, "REMOVE blocked", ConditionExpression="attribute_exists(blocked)")


def outputs_of(stack: str) -> dict[str, str]:
    found = find_stack(stack)
    if not found:
        raise Refused(f"There is no stack {stack}: give its name as STACK.")
    return outputs(found)


def user_pool(stack: str, out: dict[str, str], instead: str) -> str:
    """`instead` says what to do with another issuer."""
    pool = out.get("UserPoolId")
    if not pool:
        raise Refused(f"The stack {stack} has no user pool: {instead}.")
    return pool


def find_user(cognito, pool: str, email: str) -> dict | None:
    found = cognito.list_users(UserPoolId=pool, Filter=f'email = "{email}"', Limit=1)["Users"]
    return found[0] if found else None


def attributes_of(user: dict) -> dict[str, str]:
    return {attribute["Name"]: attribute["Value"] for attribute in user.get("Attributes", [])}


def check_verified(user: dict, pool: str, email: str) -> None:
    """Anybody can register any address. An unconfirmed user may have a stranger's password."""
    if attributes_of(user).get("email_verified") != "true":
        raise Refused(
            f"{email} was registered but never confirmed, perhaps by a stranger: delete that user with `aws cognito-idp admin-delete-user --user-pool-id {pool} --username {user['Username']}`, then run this command again, which mails a temporary password to the address."
        )


def appoint(cognito, block: Block, pool: str, email: str, group: str, organisation: str | None) -> None:
    """Creates a missing user, to whom Cognito mails a temporary password, and adds the user to the group."""
    attributes = [{"Name": "custom:org", "Value": organisation}] if organisation else []
    user = find_user(cognito, pool, email)
    if user is None:
        identity = [{"Name": "email", "Value": email}, {"Name": "email_verified", "Value": "true"}]
        created = cognito.admin_create_user(
            UserPoolId=pool, Username=email, UserAttributes=identity + attributes, DesiredDeliveryMediums=["EMAIL"]
        )
        name = created["User"]["Username"]
    else:
        check_verified(user, pool, email)
        name = user["Username"]
        known = attributes_of(user)
        block.lift(known["sub"])
        if attributes:
            if known.get("custom:org") != organisation:
                # It names deals of the organisation that the person managed before.
                block.end_digest(known["sub"])
            cognito.admin_update_user_attributes(UserPoolId=pool, Username=name, UserAttributes=attributes)
    cognito.admin_add_user_to_group(UserPoolId=pool, Username=name, GroupName=group)


def dismiss(cognito, block: Block, pool: str, email: str) -> None:
    """Groups go first, because they grant access: no token that is issued later has a scope. Then the block stops what an
    earlier token could still send. The organisation alone grants nothing."""
    user = find_user(cognito, pool, email)
    if user is None:
        raise Refused(f"The user pool has no user with the address {email}: check the address.")
    name = user["Username"]
    for group in (MANAGERS, PARTNERS):
        cognito.admin_remove_user_from_group(UserPoolId=pool, Username=name, GroupName=group)
    block.set(attributes_of(user)["sub"])
    cognito.admin_user_global_sign_out(UserPoolId=pool, Username=name)
    cognito.admin_delete_user_attributes(UserPoolId=pool, Username=name, UserAttributeNames=["custom:org"])


def people(task: str, email: str, organisation: str, subject: str, stack: str) -> None:
    if subject and email:
        raise Refused("Both EMAIL and SUBJECT are given: give EMAIL, or with another issuer SUBJECT.")
    if task == "dismiss" and subject:
        Block(boto3.client("dynamodb"), outputs_of(stack)).set(subject)
        say(
            "This person can send no more invites, and gets no more digests. Dismiss them at your identity provider, too: their token still lets them see, cancel, release and set reminders until it expires, and send again if it is valid for more than a day."
        )
        return
    if not ADDRESS.fullmatch(email):
        or_subject = ", or with another issuer their subject as SUBJECT" if task == "dismiss" else ""
        raise Refused(f"EMAIL is {email!r}: give the person's email address{or_subject}.")
    if task in ("manager", "opt-in") and not ORGANISATION.fullmatch(organisation):
        raise Refused(
            f"ORG is {organisation!r}: give the organisation's id as in its deals: 1 to 64 lower-case letters, digits and hyphens."
        )
    if task == "opt-in":
        digest = opt_out_digest(organisation, email)
        opt_in(boto3.client("dynamodb"), outputs_of(stack)["TableName"], digest)
        say(f"{organisation} can invite {email} again. Nothing is mailed until a manager invites or resends.")
        return
    out = outputs_of(stack)
    instead = "add people at your identity provider, or deploy with CREATE_USER_POOL=true"
    if task == "dismiss":
        instead = "dismiss them at your identity provider, and stop their sending with SUBJECT=<their sub>"
    pool = user_pool(stack, out, instead)
    cognito, block = boto3.client("cognito-idp"), Block(boto3.client("dynamodb"), out)
    if task == "manager":
        appoint(cognito, block, pool, email, MANAGERS, organisation)
        say(f"{email} manages the deals of {organisation} from the next sign-in.")
    elif task == "partner":
        appoint(cognito, block, pool, email, PARTNERS, None)
        say(f"{email} creates, resizes and ends deals from the next sign-in.")
    else:
        dismiss(cognito, block, pool, email)
        say(
            f"{email} is a learner again, can send no more invites, and gets no more digests. Tokens issued earlier expire within 15 minutes."
        )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("task", choices=["manager", "partner", "dismiss", "opt-in"])
    parser.add_argument("--email", default="")
    parser.add_argument("--org", default="")
    parser.add_argument("--subject", default="", help="of another issuer: the person's sub")
    parser.add_argument("--stack", default="seatkeeper")
    arguments = parser.parse_args()
    run(lambda: people(arguments.task, arguments.email, arguments.org, arguments.subject, arguments.stack))


if __name__ == "__main__":
    main()
