"""How mail is sent, as deployed: nothing rewrites links or watches who opens what."""

from cloud import Stack


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
    names = {
        stack.environment(f)["SES_CONFIGURATION_SET"] for f in ("send-invites", "resend-invite", "deliver-invites")
    }
    assert names == {f"{stack.name}-invites"}
