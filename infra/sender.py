"""Creates an SES identity that sends mail, and prints the DNS records that verify it. Running it again shows its state.

The invites and Cognito have an identity each.
"""

import argparse

import boto3
from deploy import ADDRESS, Refused, find_stack, run, sam_deploy, say, sign_in_region
from package import ROOT

TEMPLATE = ROOT / "infra/sender.yaml"


def records(domain: str, found: dict) -> list[str]:
    """The DNS records: DKIM, by which SES verifies the domain, and a first DMARC policy."""
    zone = found["DkimAttributes"].get("SigningHostedZone", "dkim.amazonses.com")
    tokens = found["DkimAttributes"].get("Tokens", [])
    dkim = [f"{token}._domainkey.{domain}  CNAME  {token}.{zone}" for token in tokens]
    return [*dkim, f'_dmarc.{domain}  TXT  "v=DMARC1; p=none; rua=mailto:postmaster@{domain}"']


def sender(address: str, stack: str, only_address: bool, region: str, is_sign_in: bool) -> None:
    setting = "SIGN_IN_FROM" if is_sign_in else "MAIL_FROM"
    if not ADDRESS.fullmatch(address):
        raise Refused(f"{setting} is {address!r}: give the sender's email address.")
    ses = boto3.client("sesv2", region_name=region)
    domain = address.rpartition("@")[2]
    identity = address if only_address else domain
    name = f"{stack}-sign-in-sender" if is_sign_in else f"{stack}-sender"
    try:
        found = ses.get_email_identity(EmailIdentity=identity)
    except ses.exceptions.NotFoundException:
        if find_stack(name, region):
            raise Refused(f"The stack {name} has another sender: give another STACK.") from None
        say(f"Creating the identity {identity} in {region}…")
        parameters = {"Identity": identity, "IsDomain": str(not only_address).lower()}
        sam_deploy(
            TEMPLATE, name, region, parameters | ({"ConfigurationSet": f"{stack}-sign-in"} if is_sign_in else {})
        )
        found = ses.get_email_identity(EmailIdentity=identity)
    if found["VerifiedForSendingStatus"]:
        say(f"{identity} is verified: run `make deploy {setting}={address} …`.")
    elif only_address:
        say(f"SES has mailed {address}. Open the link in that mail, then run this command again.")
    if not only_address:
        verb = "Keep" if found["VerifiedForSendingStatus"] else "Add"
        say(f"{verb} these records in the DNS of {domain}:")
        for record in records(domain, found):
            say(f"  {record}")
        if not found["VerifiedForSendingStatus"]:
            say("SES finds them within minutes, at most 72 hours. Then run this command again.")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("address")
    parser.add_argument("--stack", default="seatkeeper")
    parser.add_argument(
        "--only-address", action="store_true", help="verify only the address, by mail, without DNS records"
    )
    parser.add_argument("--sign-in", action="store_true", help="the sender of Cognito's mail")
    parser.add_argument("--region", default="", help="of the sender; by default as `make deploy` has it")
    arguments = parser.parse_args()
    run(lambda: create(arguments))


def create(arguments: argparse.Namespace) -> None:
    here = boto3.session.Session().region_name
    if not here:
        raise Refused("No Region is set: give one, as in `AWS_DEFAULT_REGION=eu-west-1 make sender …`.")
    region = arguments.region or (sign_in_region(here) if arguments.sign_in else here)
    sender(arguments.address, arguments.stack, arguments.only_address, region, arguments.sign_in)


if __name__ == "__main__":
    main()
