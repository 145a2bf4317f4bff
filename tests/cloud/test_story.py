"""The product's story on AWS's own terms: through API Gateway and its JWT authorizer, with tokens of a local issuer."""

import base64
import hmac
import re
import uuid
from concurrent.futures import ThreadPoolExecutor
from html import unescape

import pytest
from cloud import SENDER, Answer, Issuer, Stack, link_of, path_of, private, resources, somebody

NOWHERE = "A" * 22
UNAUTHORISED = (401, {"message": "Unauthorized"})
FORBIDDEN = (403, {"message": "Forbidden"})


def plain(answer: Answer) -> tuple[int, dict]:
    return answer.status, answer.json if answer.body else None


def test_a_partner_creates_a_deal_once_for_one_idempotency_key(stack: Stack, partner: str) -> None:
    body = {
        "organisation": {"id": "acme", "name": "Acme"},
        "name": "Unlimited",
        "seats": 5,
        "startsAt": "2026-01-01T00:00:00Z",
        "endsAt": "2036-01-01T00:00:00Z",
    }
    key = {"idempotency-key": "the-first-order"}
    first = stack.call("POST", "/api/deals", partner, body, key)
    again = stack.call("POST", "/api/deals", partner, body, key)
    other = stack.call("POST", "/api/deals", partner, body | {"seats": 6}, key)
    assert (first.status, again.status, other.status) == (201, 201, 422)
    assert first.json["id"] == again.json["id"]
    assert first.headers["cache-control"] == "no-store"


def test_a_partner_finds_an_organisation_and_deletes_a_deal_that_nobody_was_invited_to(
    stack: Stack, issuer: Issuer, partner: str
) -> None:
    name = f"mistaken-{uuid.uuid4().hex}"
    deal = stack.make_deal(partner, name)
    path = f"/api/organisations?name={name.removeprefix('mis').upper()}"
    found = stack.ok("GET", path, partner)
    assert ([row["id"] for row in found["organisations"]], found["nextCursor"]) == ([name], None)
    for _ in range(2):
        assert stack.call("DELETE", f"/api/deals/{deal}", partner).status == 204
    assert stack.call("GET", f"/api/deals/{deal}", partner).status == 404
    assert stack.ok("GET", path, partner)["organisations"] == []
    deal = stack.make_deal(partner, name)
    stack.invite(issuer.token(f"manager@{name}.example"), deal, somebody())
    answer = stack.call("DELETE", f"/api/deals/{deal}", partner)
    assert (answer.status, answer.code) == (409, "deal_in_use")


def test_a_manager_sees_deals_invites_and_counts_of_them(stack: Stack, partner: str, manager: str) -> None:
    deal = stack.make_deal(partner)
    ann, bob = somebody("learners"), somebody("learners")
    rows = [{"email": ann, "name": private("Ann Privately")}, {"email": "no address"}, {"email": bob}]

    dry = stack.ok("POST", f"/api/deals/{deal}/invites", manager, {"invites": rows, "dryRun": True})
    assert [result["outcome"] for result in dry["results"]] == ["invited", "invalid_email", "invited"]
    assert stack.ok("GET", f"/api/deals/{deal}/counts", manager)["pending"] == 0
    assert stack.emulator.mails(ann) == []

    sent = stack.ok("POST", f"/api/deals/{deal}/invites", manager, {"invites": rows})
    assert [result["outcome"] for result in sent["results"]] == ["invited", "invalid_email", "invited"]
    assert sent["summary"] == {"invited": 2, "skipped": 0, "rejected": 1, "failed": 0}

    assert deal in [entry["id"] for entry in stack.ok("GET", "/api/deals", manager)["deals"]]
    assert stack.ok("GET", f"/api/deals/{deal}", manager)["seats"] == {"total": 10, "allocated": 0, "available": 10}
    page = stack.ok("GET", f"/api/deals/{deal}/seats?status=pending", manager)
    assert sorted(row["email"] for row in page["invites"]) == sorted([ann, bob])
    assert {row["delivery"]["state"] for row in page["invites"]} == {"sent"}
    assert stack.ok("GET", f"/api/deals/{deal}/counts", manager)["pending"] == 2
    found = stack.ok("POST", f"/api/deals/{deal}/seats/search", manager, {"email": ann[:6]})
    assert [row["email"] for row in found["invites"]] == [ann]
    one = stack.call("GET", f"/api/deals/{deal}/invites/{sent['results'][0]['inviteId']}", manager)
    assert (one.json["name"], one.headers["etag"]) == ("Ann Privately", '"1"')


def test_i5_the_mail_has_one_link_to_the_portal_with_the_secret_in_its_fragment(
    stack: Stack, partner: str, manager: str
) -> None:
    deal, address = stack.make_deal(partner), somebody()
    stack.invite(manager, deal, address)
    [mail] = stack.emulator.mails(address)
    assert mail["Source"].endswith(f"<{SENDER}>") or mail["Source"] == SENDER
    assert mail["Subject"] == "FutureLearn Invitation"
    link = f"{stack.outputs['PortalUrl']}/accept#{link_of(mail)}"
    assert link.startswith("https://")
    assert re.findall(r"https?://[^\s<>\"]+", mail["BodyText"]) == [link]
    assert set(re.findall(r'href="([^"]*)"', mail["BodyHtml"])) == {link}
    assert "Click here to accept this invitation" in unescape(mail["BodyHtml"])
    # Nothing that a mail program would fetch: no picture, no tracking.
    assert not re.search(r"<img|src=|url\(", mail["BodyHtml"])


def test_a_learner_looks_accepts_and_holds_a_seat(stack: Stack, issuer: Issuer, partner: str, manager: str) -> None:
    deal, address = stack.make_deal(partner), somebody()
    [invite] = stack.invite(manager, deal, address)
    link, learner = {"token": stack.emulator.link(address)}, issuer.token(address)

    preview = stack.ok("POST", "/api/invites/preview", body=link)
    assert (preview["status"], preview["blocked"], preview["email"]) == ("pending", None, "p•••@staff.example")
    accepted = stack.ok("POST", "/api/invites/accept", learner, link)
    assert accepted["dealId"] == deal
    assert stack.ok("POST", "/api/invites/accept", learner, link) == accepted
    assert [seat["dealId"] for seat in stack.ok("GET", "/api/me/seats", learner)["seats"]] == [deal]
    row = stack.ok("GET", f"/api/deals/{deal}/invites/{invite}", manager)
    assert (row["status"], row["acceptedWith"]) == ("accepted", "invited_address")


def test_i5_after_a_resend_only_the_newest_link_works(stack: Stack, issuer: Issuer, partner: str, manager: str) -> None:
    deal, ann, bob = stack.make_deal(partner), somebody(), somebody()
    first, second = stack.invite(manager, deal, ann, bob)
    old = {address: {"token": stack.emulator.link(address)} for address in (ann, bob)}

    path = f"/api/deals/{deal}/invites/{first}/resend"
    assert stack.ok("POST", path, manager, headers={"if-match": '"1"'})["sends"] == 2
    assert stack.call("POST", path, manager, headers={"if-match": '"1"'}).code == "stale"
    rows = {"invites": [{"id": second, "sends": 1}]}
    assert stack.ok("POST", f"/api/deals/{deal}/invites/resend", manager, rows)["summary"]["resent"] == 1

    for address in (ann, bob):
        answer = stack.call("POST", "/api/invites/accept", issuer.token(address), old[address])
        assert (answer.status, answer.code) == (410, "invite_superseded")
        stack.ok("POST", "/api/invites/accept", issuer.token(address), {"token": stack.emulator.link(address)})


def test_a_recipient_gets_three_mails_a_day(stack: Stack, partner: str, manager: str) -> None:
    deal, address = stack.make_deal(partner), somebody()
    [invite] = stack.invite(manager, deal, address)
    path = f"/api/deals/{deal}/invites/{invite}/resend"
    for sends in (1, 2):
        stack.ok("POST", path, manager, headers={"if-match": f'"{sends}"'})
    answer = stack.call("POST", path, manager, headers={"if-match": '"3"'})
    assert (answer.status, answer.code) == (429, "too_many_requests")
    assert 80_000 < int(answer.headers["retry-after"]) <= 86_401
    assert len(stack.emulator.mails(address)) == 3


def test_i2_what_has_expired_is_expired_before_any_sweep_and_is_resent(
    stack: Stack, issuer: Issuer, partner: str, manager: str
) -> None:
    deal, address = stack.make_deal(partner), somebody()
    [invite] = stack.invite(manager, deal, address)
    stack.make_expired(deal, invite)
    # No sweep comes across it.
    stack.write(deal, invite, dueAt={"N": "9999999999999"})
    answer = stack.call("POST", "/api/invites/accept", issuer.token(address), {"token": stack.emulator.link(address)})
    assert (answer.status, answer.code) == (410, "invite_expired")
    assert stack.ok("GET", f"/api/deals/{deal}/counts", manager)["expired"] == 1

    resent = stack.ok("POST", f"/api/deals/{deal}/invites/resend", manager, {"status": "expired"})
    assert (resent["summary"]["resent"], resent["remaining"]) == (1, 0)
    stack.ok("POST", "/api/invites/accept", issuer.token(address), {"token": stack.emulator.link(address)})


def test_a_cancelled_link_says_so_and_a_released_seat_is_free(
    stack: Stack, issuer: Issuer, partner: str, manager: str
) -> None:
    deal, ann, bob = stack.make_deal(partner, seats=2), somebody(), somebody()
    cancelled, released = stack.invite(manager, deal, ann, bob)
    assert stack.call("GET", f"/api/deals/{deal}/seats.csv", manager).body.count(b"\r\n") == 3
    assert stack.call("DELETE", f"/api/deals/{deal}/invites/{cancelled}", manager).status == 204
    rows = {"invites": [{"id": cancelled, "sends": 1}]}
    assert stack.ok("POST", f"/api/deals/{deal}/invites/cancel", manager, rows)["summary"]["cancelled"] == 1
    answer = stack.call("POST", "/api/invites/accept", issuer.token(ann), {"token": stack.emulator.link(ann)})
    assert (answer.status, answer.code) == (410, "invite_cancelled")

    learner = issuer.token(bob)
    stack.ok("POST", "/api/invites/accept", learner, {"token": stack.emulator.link(bob)})
    assert stack.call("PATCH", f"/api/deals/{deal}", partner, {"seats": 1}).json["seats"]["available"] == 0
    for _ in range(2):
        assert stack.call("DELETE", f"/api/deals/{deal}/seats/{released}", manager).status == 204
    assert stack.ok("GET", "/api/me/seats", learner)["seats"] == []
    assert stack.ok("GET", f"/api/deals/{deal}", manager)["seats"] == {"total": 1, "allocated": 0, "available": 1}


def test_a_deal_does_not_shrink_below_what_is_held(stack: Stack, issuer: Issuer, partner: str, manager: str) -> None:
    deal, ann, bob = stack.make_deal(partner, seats=2), somebody(), somebody()
    stack.invite(manager, deal, ann, bob)
    for address in (ann, bob):
        stack.ok("POST", "/api/invites/accept", issuer.token(address), {"token": stack.emulator.link(address)})
    answer = stack.call("PATCH", f"/api/deals/{deal}", partner, {"seats": 1})
    assert (answer.status, answer.code) == (409, "seats_below_allocated")


def test_i1_one_seat_goes_to_one_of_many_who_accept_at_once(
    stack: Stack, issuer: Issuer, partner: str, manager: str
) -> None:
    deal, people = stack.make_deal(partner, seats=1), [somebody() for _ in range(8)]
    stack.invite(manager, deal, *people)
    calls = [(issuer.token(person), {"token": stack.emulator.link(person)}) for person in people]
    with ThreadPoolExecutor(len(calls)) as threads:
        answers = list(threads.map(lambda call: stack.call("POST", "/api/invites/accept", *call), calls))
    assert sorted(answer.status for answer in answers) == [200] + [409] * 7
    assert {answer.code for answer in answers if answer.status == 409} == {"deal_full"}
    assert stack.ok("GET", f"/api/deals/{deal}", manager)["seats"] == {"total": 1, "allocated": 1, "available": 0}


def test_the_gateway_refuses_whoever_has_no_token(stack: Stack) -> None:
    open_to_all = {f"POST /api/invites/{what}" for what in ("preview", "decline", "ask", "opt-out", "opt-in")}
    kinds = ("invites", "digests")
    open_to_all |= {f"{method} /api/{kind}/unsubscribe/{{id}}" for method in ("GET", "POST") for kind in kinds}
    assert {route for route, scopes in stack.routes.items() if not scopes} == open_to_all
    for route in stack.routes.keys() - open_to_all:
        for token in (None, "not.a.token"):
            answer = stack.call(*path_of(route, NOWHERE, NOWHERE), token)
            assert plain(answer) == UNAUTHORISED, route


@pytest.mark.parametrize("scope", ["invites.manage", "deals.admin", "seats.accept"])
def test_the_gateway_refuses_a_token_without_the_routes_scope(stack: Stack, issuer: Issuer, scope: str) -> None:
    people = {"deals.admin": "partnerships@futurelearn.example", "invites.manage": "manager@acme.example"}
    token = issuer.token(people.get(scope) or somebody(), scope)
    for route, scopes in stack.routes.items():
        answer = stack.call(*path_of(route, NOWHERE, NOWHERE), token, {})
        assert (plain(answer) == FORBIDDEN) == (bool(scopes) and scope not in scopes), (route, answer)


def test_i6_another_organisations_deal_is_as_if_it_were_not_there(
    stack: Stack, issuer: Issuer, partner: str, manager: str
) -> None:
    deal = stack.make_deal(partner, "acme")
    [invite] = stack.invite(manager, deal, somebody())
    stranger = issuer.token("manager@globex.example")
    bodies = {
        "POST /api/deals/{dealId}/invites": {"invites": [{"email": somebody()}]},
        "POST /api/deals/{dealId}/invites/resend": {"status": "expired"},
        "POST /api/deals/{dealId}/invites/cancel": {"invites": [{"id": invite, "sends": 1}]},
        "POST /api/deals/{dealId}/seats/search": {"email": "p"},
        "PATCH /api/deals/{dealId}/invites/{inviteId}": {"name": "Ann"},
        "PUT /api/deals/{dealId}/reminders": {"after": ["7d"]},
    }
    routes = [route for route, scopes in stack.routes.items() if "invites.manage" in scopes and "{dealId}" in route]
    assert len(routes) == 14
    for route in routes:
        body = bodies.get(route)
        foreign = stack.call(*path_of(route, deal, invite), stranger, body)
        nowhere = stack.call(*path_of(route, NOWHERE, invite), stranger, body)
        assert (foreign.status, foreign.code) == (404, "not_found"), route
        assert foreign.body == nowhere.body, route
    assert stack.ok("GET", f"/api/deals/{deal}/invites/{invite}", manager)["sends"] == 1


def test_i6_what_is_no_link_is_an_unknown_invite(stack: Stack, issuer: Issuer) -> None:
    answers = [
        stack.call("POST", path, issuer.token(somebody()), {"token": token}).body
        for path in ("/api/invites/preview", "/api/invites/accept")
        for token in ("x", "A" * 86)
    ]
    assert len(set(answers)) == 1
    assert b"unknown_invite" in answers[0]


def test_a_learner_says_no_asks_and_opts_out(stack: Stack, issuer: Issuer, partner: str, manager: str) -> None:
    deal, ann, bob = stack.make_deal(partner, seats=1), somebody(), somebody()
    stack.invite(manager, deal, ann, bob)
    links = {person: {"token": stack.emulator.link(person)} for person in (ann, bob)}
    assert stack.ok("POST", "/api/invites/decline", body=links[ann])["declinedAt"]
    assert stack.call("POST", "/api/invites/ask", body=links[ann]).code == "still_valid"
    stack.ok("POST", "/api/invites/accept", issuer.token(bob), links[bob])
    assert stack.call("POST", "/api/invites/ask", body=links[ann]).json["askedFor"] == "seat"
    for path, is_out in (("opt-out", True), ("opt-in", False)):
        assert stack.ok("POST", f"/api/invites/{path}", body=links[ann])["optedOut"] == is_out


def test_a_mail_provider_unsubscribes_with_one_click(stack: Stack, partner: str, manager: str) -> None:
    """The emulator's SES drops headers, so the id is computed here once more."""
    deal, address = stack.make_deal(partner), somebody()
    [invite] = stack.invite(manager, deal, address)
    key = {"pk": {"S": f"D#{deal}"}, "sk": {"S": "DEAL"}}
    item = stack.emulator.client("dynamodb").get_item(TableName=stack.outputs["TableName"], Key=key)["Item"]
    ids = [base64.urlsafe_b64decode(f"{part}==") for part in (deal, invite)]
    message = b"".join(len(part).to_bytes(8, "big") + part for part in [b"unsubscribe", *ids])
    mac = hmac.digest(base64.urlsafe_b64decode(item["salt"]["S"] + "="), message, "sha256")[:16]
    path = "/api/invites/unsubscribe/" + base64.urlsafe_b64encode(b"".join([*ids, mac])).decode()

    answer = stack.call("GET", path)
    assert (answer.status, answer.headers["location"]) == (303, f"/unsubscribe#{path.rpartition('/')[2]}")
    field = b'--b\r\nContent-Disposition: form-data; name="List-Unsubscribe"\r\n\r\nOne-Click\r\n--b--\r\n'
    for kind, form in (
        ("application/x-www-form-urlencoded", b"List-Unsubscribe=One-Click"),
        ("multipart/form-data; boundary=b", field),
    ):
        assert stack.ok("POST", path, body=form, headers={"content-type": kind})["optedOut"]
    assert stack.call("POST", path, body={}).code == "invalid_request"
    resend = f"/api/deals/{deal}/invites/{invite}/resend"
    assert stack.call("POST", resend, manager, headers={"if-match": '"1"'}).code == "opted_out"


def test_a_manager_sets_a_deals_reminders(stack: Stack, partner: str, manager: str) -> None:
    deal = f"/api/deals/{stack.make_deal(partner)}"
    assert stack.ok("PUT", f"{deal}/reminders", manager, {"after": ["3d"]}) == {"after": ["3d"]}
    assert stack.ok("GET", deal, manager)["reminders"] == ["3d"]


def test_a_managers_digest_is_switched_on_and_off(stack: Stack, issuer: Issuer, partner: str) -> None:
    organisation = somebody()[:11]
    address = private(f"manager@{organisation}.example")
    manager, deal, learner = issuer.token(address), stack.make_deal(partner, organisation), somebody()
    assert stack.ok("GET", "/api/me/digest", manager) == {"on": False}
    assert stack.ok("PUT", "/api/me/digest", manager, {"on": True}) == {"on": True}
    stack.invite(manager, deal, learner)
    stack.ok("POST", "/api/invites/decline", body={"token": stack.emulator.link(learner)})
    stack.invoke("send-digests")
    [mail] = stack.emulator.mails(address)
    [off] = re.findall(r"/unsubscribe#(digest-[A-Za-z0-9_-]+)", mail["BodyText"])
    path = f"/api/digests/unsubscribe/{off}"
    answer = stack.call("GET", path)
    assert (answer.status, answer.headers["location"]) == (303, f"/unsubscribe#{off}")
    assert stack.ok("GET", "/api/me/digest", manager) == {"on": True}
    headers = {"content-type": "application/x-www-form-urlencoded"}
    assert stack.ok("POST", path, body=b"List-Unsubscribe=One-Click", headers=headers) == {"on": False}
    assert stack.ok("GET", "/api/me/digest", manager) == {"on": False}


def test_a_wrong_address_is_corrected_and_its_link_dies(stack: Stack, partner: str, manager: str) -> None:
    deal, (wrong, right) = stack.make_deal(partner), (somebody(), somebody())
    [invite] = stack.invite(manager, deal, wrong)
    link = {"token": stack.emulator.link(wrong)}
    corrected = stack.ok("PATCH", f"/api/deals/{deal}/invites/{invite}", manager, {"email": right})
    assert (corrected["email"], corrected["status"]) == (right, "pending")
    assert stack.call("POST", "/api/invites/preview", body=link).code == "invite_cancelled"
    assert len(stack.emulator.mails(right)) == 1


def test_only_cloudfront_reaches_the_functions(stack: Stack, manager: str) -> None:
    for secret in ("", "x" * 64):
        headers = {"x-origin-verify": secret}
        answers = [
            stack.call("GET", "/api/deals", manager, headers=headers),
            stack.call("POST", "/api/invites/preview", body={"token": "x"}, headers=headers),
        ]
        assert [plain(answer) for answer in answers] == [FORBIDDEN] * 2


def test_what_is_no_route_is_the_gateways_404(stack: Stack, manager: str) -> None:
    answer = stack.call("GET", "/api/nothing", manager)
    assert plain(answer) == (404, {"message": "Not Found"})


def test_every_route_of_the_template_was_part_of_the_story(stack: Stack) -> None:
    routes = {properties["RouteKey"] for properties in resources("AWS::ApiGatewayV2::Route")}
    assert routes == stack.routes.keys()
    assert stack.called == routes
