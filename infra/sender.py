"""Creates the SES identity that sends mail, and prints the DNS records that verify it. Running it again shows its state."""

import argparse
import subprocess

import boto3
from deploy import ADDRESS, Refused, find_stack, run, say
from package import ROOT

TEMPLATE = ROOT / "infra/sender.yaml"


def records(domain: str, found: dict) -> list[str]:
    """The DNS records: DKIM, by which SES verifies the domain, and a first DMARC policy."""
    zone = found["DkimAttributes"].get("SigningHostedZone", "dkim.amazonses.com")
    tokens = found["DkimAttributes"].get("Tokens", [])
    dkim = [f"{token}._domainkey.{domain}  CNAME  {token}.{zone}" for token in tokens]
    return [*dkim, f'_dmarc.{domain}  TXT  "v=DMARC1; p=none; rua=mailto:postmaster@{domain}"']


def create_identity(stack: str, identity: str, is_domain: bool) -> None:
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
        raise Refused(
            "CloudFormation refused the identity, for the reason above. Fix the reason, then run this command again."
        )


def sender(address: str, stack: str, only_address: bool) -> None:
    if not ADDRESS.fullmatch(address):
        raise Refused(f"MAIL_FROM is {address!r}: give the sender's email address.")
    ses = boto3.client("sesv2")
    domain = address.rpartition("@")[2]
    identity = address if only_address else domain
    try:
        found = ses.get_email_identity(EmailIdentity=identity)
    except ses.exceptions.NotFoundException:
        if find_stack(f"{stack}-sender"):
            raise Refused(f"The stack {stack}-sender has another sender: give another STACK.") from None
        say(f"Creating the identity {identity}…")
        create_identity(stack, identity, not only_address)
        found = ses.get_email_identity(EmailIdentity=identity)
    if found["VerifiedForSendingStatus"]:
        say(f"{identity} is verified: run `make deploy MAIL_FROM={address} …`.")
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
    arguments = parser.parse_args()
    run(lambda: sender(arguments.address, arguments.stack, arguments.only_address))


if __name__ == "__main__":
    main()
