"""Makes the identity that mail is sent from, and says which DNS records verify it. Running it again shows its state."""

import argparse
import subprocess

import boto3
from deploy import ADDRESS, Refused, find_stack, run, say
from package import ROOT

TEMPLATE = ROOT / "infra/sender.yaml"


def records(domain: str, found: dict) -> list[str]:
    """The DNS records: DKIM by which SES verifies the domain, and a DMARC policy to begin with."""
    zone = found["DkimAttributes"].get("SigningHostedZone", "dkim.amazonses.com")
    tokens = found["DkimAttributes"].get("Tokens", [])
    dkim = [f"{token}._domainkey.{domain}  CNAME  {token}.{zone}" for token in tokens]
    return [*dkim, f'_dmarc.{domain}  TXT  "v=DMARC1; p=none; rua=mailto:postmaster@{domain}"']


def make_identity(stack: str, identity: str, is_domain: bool) -> None:
    command = [
        "sam",
        "deploy",
        "--template-file",
        str(TEMPLATE),
        "--config-file",
        str(TEMPLATE.with_name("samconfig.toml")),
    ]
    command += ["--stack-name", f"{stack}-sender", "--no-progressbar", "--parameter-overrides"]
    command += [f"Identity={identity}", f"IsDomain={str(is_domain).lower()}"]
    if subprocess.run(command, check=False).returncode != 0:
        raise Refused("CloudFormation did not take it; what it says stands above.")


def sender(address: str, stack: str, only_address: bool) -> None:
    if not ADDRESS.fullmatch(address):
        raise Refused(f"MAIL_FROM is {address!r}: give the email address that invites come from.")
    ses = boto3.client("sesv2")
    domain = address.rpartition("@")[2]
    identity = address if only_address else domain
    try:
        found = ses.get_email_identity(EmailIdentity=identity)
    except ses.exceptions.NotFoundException:
        if find_stack(f"{stack}-sender"):
            raise Refused(f"The stack {stack}-sender holds another sender: give another STACK.") from None
        say(f"Making the identity {identity}…")
        make_identity(stack, identity, not only_address)
        found = ses.get_email_identity(EmailIdentity=identity)
    if found["VerifiedForSendingStatus"]:
        say(f"{identity} is verified: `make deploy MAIL_FROM={address} …` can use it.")
    elif only_address:
        say(f"SES has written to {address}: open the link in that mail, then run this again.")
    if not only_address:
        say(f"Records that the DNS of {domain} has to have:")
        for record in records(domain, found):
            say(f"  {record}")
        if not found["VerifiedForSendingStatus"]:
            say("SES looks for them by itself, usually within minutes, at most 72 hours. Run this again to see.")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("address")
    parser.add_argument("--stack", default="seatkeeper")
    parser.add_argument(
        "--only-address", action="store_true", help="verify the address by a mail, for who has no say in the DNS"
    )
    arguments = parser.parse_args()
    run(lambda: sender(arguments.address, arguments.stack, arguments.only_address))


if __name__ == "__main__":
    main()
