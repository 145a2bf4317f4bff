"""Adds and removes learning managers and partnership managers in the stack's own user pool."""

import argparse
import re

import boto3
from deploy import ADDRESS, Refused, find_stack, outputs, run, say

MANAGERS = "learning-managers"
PARTNERS = "partnership-managers"
ORGANISATION = re.compile(r"[a-z0-9-]{1,64}")


def user_pool(stack: str) -> str:
    found = find_stack(stack)
    pool = outputs(found).get("UserPoolId") if found else None
    if not pool:
        raise Refused(
            f"The stack {stack} has no user pool: add people at your identity provider, or deploy with CREATE_USER_POOL=true."
        )
    return pool


def find_user(cognito, pool: str, email: str) -> dict | None:
    found = cognito.list_users(UserPoolId=pool, Filter=f'email = "{email}"', Limit=1)["Users"]
    return found[0] if found else None


def check_verified(user: dict, pool: str, email: str) -> None:
    """Anybody can register any address. An unconfirmed user may have a stranger's password."""
    attributes = {attribute["Name"]: attribute["Value"] for attribute in user.get("Attributes", [])}
    if attributes.get("email_verified") != "true":
        raise Refused(
            f"{email} was registered but never confirmed, perhaps by a stranger: delete that user with `aws cognito-idp admin-delete-user --user-pool-id {pool} --username {user['Username']}`, then run this command again, which mails a temporary password to the address."
        )


def appoint(cognito, pool: str, email: str, group: str, organisation: str | None) -> None:
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
        if attributes:
            cognito.admin_update_user_attributes(UserPoolId=pool, Username=name, UserAttributes=attributes)
    cognito.admin_add_user_to_group(UserPoolId=pool, Username=name, GroupName=group)


def dismiss(cognito, pool: str, email: str) -> None:
    """Groups go first, because they grant access. The organisation alone grants nothing."""
    user = find_user(cognito, pool, email)
    if user is None:
        raise Refused(f"The user pool has no user with the address {email}: check the address.")
    name = user["Username"]
    for group in (MANAGERS, PARTNERS):
        cognito.admin_remove_user_from_group(UserPoolId=pool, Username=name, GroupName=group)
    cognito.admin_user_global_sign_out(UserPoolId=pool, Username=name)
    cognito.admin_delete_user_attributes(UserPoolId=pool, Username=name, UserAttributeNames=["custom:org"])


def people(task: str, email: str, organisation: str, stack: str) -> None:
    if not ADDRESS.fullmatch(email):
        raise Refused(f"EMAIL is {email!r}: give the person's email address.")
    if task == "manager" and not ORGANISATION.fullmatch(organisation):
        raise Refused(
            f"ORG is {organisation!r}: give the organisation's id as in its deals: 1 to 64 lower-case letters, digits and hyphens."
        )
    pool, cognito = user_pool(stack), boto3.client("cognito-idp")
    if task == "manager":
        appoint(cognito, pool, email, MANAGERS, organisation)
        say(f"{email} manages the deals of {organisation} from the next sign-in.")
    elif task == "partner":
        appoint(cognito, pool, email, PARTNERS, None)
        say(f"{email} creates, resizes and ends deals from the next sign-in.")
    else:
        dismiss(cognito, pool, email)
        say(f"{email} is a learner again. Tokens issued earlier expire within an hour.")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("task", choices=["manager", "partner", "dismiss"])
    parser.add_argument("--email", default="")
    parser.add_argument("--org", default="")
    parser.add_argument("--stack", default="seatkeeper")
    arguments = parser.parse_args()
    run(lambda: people(arguments.task, arguments.email, arguments.org, arguments.stack))


if __name__ == "__main__":
    main()
