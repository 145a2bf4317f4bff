"""How mail is sent, as deployed: nothing rewrites links or watches who opens what, and SES may check its permission under
either name, or both."""

import sys

import pytest
from cloud import FOLDER, Stack, run
from test_roles import Jobs, Roles, fails
from test_settings import changed

MAILING = ("send-invites", "resend-invite", "deliver-invites", "send-digests")
SIMULATOR = "success@simulator.amazonses.com"


def refused(stack: Stack) -> str | None:
    """What SES refuses of the smoke test's mail."""
    return stack.invoke("deliver-invites", {"smokeTest": True})["refused"]


def test_i5_the_configuration_set_tracks_nothing(stack: Stack) -> None:
    ses, name = stack.emulator.client("sesv2"), stack.environment("send-invites")["SES_CONFIGURATION_SET"]
    found = ses.get_configuration_set(ConfigurationSetName=name)
    assert not found.get("TrackingOptions")
    assert found["VdmOptions"]["DashboardOptions"]["EngagementMetrics"] == "DISABLED"
    assert found["DeliveryOptions"]["TlsPolicy"] == "REQUIRE"
    destinations = ses.get_configuration_set_event_destinations(ConfigurationSetName=name).get("EventDestinations", [])
    watched = {event for destination in destinations for event in destination["MatchingEventTypes"]}
    assert not watched & {"OPEN", "CLICK"}


def test_all_that_mails_uses_it(stack: Stack) -> None:
    names = {stack.environment(function)["SES_CONFIGURATION_SET"] for function in MAILING}
    assert names == {f"{stack.name}-invites"}


def test_mail_goes_whichever_name_ses_checks(stack: Stack, checked: set[str]) -> None:
    before = len(stack.emulator.mails(SIMULATOR))
    assert refused(stack) is None
    assert len(stack.emulator.mails(SIMULATOR)) == before + 1


@pytest.mark.parametrize("checked", ["new", "old"], indirect=True)
@pytest.mark.parametrize("function", MAILING)
def test_mail_needs_each_permission_that_ses_checks_and_no_other(
    roles: Roles, jobs: Jobs, checked: set[str], function: str
) -> None:
    """Where SES checks both names, test_roles.py takes each permission away."""
    for grant in roles.grants(function):
        if grant[0].startswith("ses:Send"):
            job = jobs.prepare(function)
            with roles.without(function, grant):
                assert fails(job) == (grant[0] in checked), grant


def test_each_missing_permission_is_named(stack: Stack, roles: Roles, checked: set[str]) -> None:
    grants = [grant for grant in roles.grants("deliver-invites") if grant[0].startswith("ses:")]
    assert len(grants) == 6
    for action, resource in grants:
        with roles.without("deliver-invites", (action, resource)):
            said = refused(stack)
        assert (said is not None and action in said) == (action in checked), (action, resource, said)


def test_only_the_older_name_knows_the_sender(stack: Stack, checked: set[str]) -> None:
    """A plain StringEquals would deny every mail where SES does not name the sender."""
    with changed(stack, "deliver-invites", MAIL_FROM="somebody.else@futurelearn.example"):
        assert (refused(stack) is not None) == ("ses:SendBulkTemplatedEmail" in checked)


def test_the_mailing_roles_have_the_same_permissions(roles: Roles) -> None:
    [first, *others] = [
        [one for one in roles.document(name) if one["Action"][0].startswith("ses:Send")] for name in MAILING
    ]
    assert first
    assert all(other == first for other in others)


def test_a_second_deployment_changes_nothing_and_says_what_ses_refuses(pool: Stack) -> None:
    assert "SES took the smoke test's mail." in (FOLDER / "deploy-pool.log").read_text()
    roles = Roles(pool)
    [grant] = [
        one for one in roles.grants("deliver-invites") if one[0] == "ses:SendBulkEmail" and ":identity/" in one[1]
    ]
    command = [sys.executable, "infra/deploy.py", "--stack", pool.name]
    with roles.without("deliver-invites", grant), pytest.raises(AssertionError, match="ses:SendBulkEmail") as refused:
        run("deploy-refused", command, pool.emulator.environment)
    assert "Nothing to change since the last deployment." in str(refused.value)
