"""Sign-in with the stack's own user pool, as a browser does it, and what people can do then. No token here is made by
the tests: each comes by the authorisation code flow, through grant-scopes."""

import sys

import pytest
from botocore.exceptions import ClientError
from cloud import Stack, run, somebody
from sign_in import PASSWORD, claims, granted, register, sign_in

EVERYTHING = ("seats.accept", "invites.manage", "deals.admin")
FORBIDDEN = (403, {"message": "Forbidden"})


def appoint(stack: Stack, task: str, person: str, *options: str) -> str:
    """`make manager`, `make partner`. A person without an account receives a temporary password by mail."""
    command = [sys.executable, "infra/people.py", task, "--stack", stack.name, "--email", person, *options]
    run(f"people-{task}", command, stack.emulator.environment)
    return person


def set_password(stack: Stack, person: str) -> None:
    """Replaces the mail with the temporary password, which the emulator does not send."""
    stack.emulator.client("cognito-idp").admin_set_user_password(
        UserPoolId=stack.outputs["UserPoolId"], Username=person, Password=PASSWORD, Permanent=False
    )


@pytest.fixture(scope="module")
def acme_manager(pool: Stack) -> str:
    person = appoint(pool, "manager", somebody("acme"), "--org", "acme")
    set_password(pool, person)
    return person


@pytest.fixture(scope="module")
def globex_manager(pool: Stack) -> str:
    return appoint(pool, "manager", register(pool, somebody("globex")), "--org", "globex")


@pytest.fixture(scope="module")
def partner_token(pool: Stack) -> str:
    return sign_in(pool, appoint(pool, "partner", register(pool, somebody("futurelearn"))), *EVERYTHING)


def test_who_registers_and_asks_for_everything_gets_a_learners_scope(pool: Stack) -> None:
    token = sign_in(pool, register(pool, somebody()), *EVERYTHING)
    assert granted(token) == {"seats.accept"}
    assert "org" not in claims(token)
    answer = pool.call("GET", "/api/deals", token)
    assert (answer.status, answer.json) == FORBIDDEN
    assert pool.ok("GET", "/api/me/seats", token) == {"seats": []}


def test_who_is_appointed_gets_what_they_ask_for_and_no_more(pool: Stack, acme_manager: str) -> None:
    token = sign_in(pool, acme_manager, *EVERYTHING)
    assert granted(token) == {"seats.accept", "invites.manage"}
    assert (claims(token)["org"], claims(token)["email"]) == ("acme", acme_manager)
    assert granted(sign_in(pool, acme_manager, "seats.accept")) == {"seats.accept"}


def test_a_partner_gets_deals_admin_and_no_organisation(pool: Stack, partner_token: str) -> None:
    assert granted(partner_token) == {"seats.accept", "deals.admin"}
    assert "org" not in claims(partner_token)


def test_i6_nobody_gives_themselves_an_organisation(pool: Stack) -> None:
    cognito, person = pool.emulator.client("cognito-idp"), somebody()
    client, user_pool = pool.outputs["OidcClientId"], pool.outputs["UserPoolId"]
    described = cognito.describe_user_pool_client(UserPoolId=user_pool, ClientId=client)["UserPoolClient"]
    # Cognito refuses to write what is not among these. The emulator does not, hence what the others see to:
    assert sorted(described["WriteAttributes"]) == ["email", "name"]
    attributes = [{"Name": "email", "Value": person}, {"Name": "custom:org", "Value": "acme"}]
    try:
        cognito.sign_up(ClientId=client, Username=person, Password=PASSWORD, UserAttributes=attributes)
    except ClientError as error:
        assert error.response["Error"]["Code"] == "NotAuthorizedException"
        return
    cognito.admin_confirm_sign_up(UserPoolId=user_pool, Username=person)
    # … an organisation without the group is worth nothing.
    token = sign_in(pool, person, *EVERYTHING)
    assert granted(token) == {"seats.accept"}
    assert "org" not in claims(token)
    # And no token is good for changing attributes: that takes a scope which the client cannot ask for.
    assert "aws.cognito.signin.user.admin" not in described["AllowedOAuthScopes"]


def test_a_password_alone_is_no_way_in(pool: Stack) -> None:
    person = register(pool, somebody())
    with pytest.raises(ClientError, match="USER_PASSWORD_AUTH"):
        pool.emulator.client("cognito-idp").initiate_auth(
            ClientId=pool.outputs["OidcClientId"],
            AuthFlow="USER_PASSWORD_AUTH",
            AuthParameters={"USERNAME": person, "PASSWORD": PASSWORD},
        )


def test_the_story_with_the_pools_tokens(
    pool: Stack, partner_token: str, acme_manager: str, globex_manager: str
) -> None:
    manager = sign_in(pool, acme_manager, "invites.manage")
    deal, foreign = pool.make_deal(partner_token, "acme", seats=1), pool.make_deal(partner_token, "globex")
    assert [entry["id"] for entry in pool.ok("GET", "/api/deals", manager)["deals"]] == [deal]
    ann, bob = register(pool, somebody()), register(pool, somebody())
    first, second = pool.invite(manager, deal, ann, bob)
    learners = {person: sign_in(pool, person, "seats.accept") for person in (ann, bob)}
    links = {person: {"token": pool.emulator.link(person)} for person in (ann, bob)}

    assert pool.ok("POST", "/api/invites/preview", body=links[ann])["blocked"] is None
    assert pool.ok("POST", "/api/invites/accept", learners[ann], links[ann])["dealId"] == deal
    assert pool.call("POST", "/api/invites/accept", learners[bob], links[bob]).code == "deal_full"
    row = pool.ok("GET", f"/api/deals/{deal}/invites/{first}", manager)
    assert (row["status"], row["acceptedWith"], row["invitedBy"]) == ("accepted", "invited_address", acme_manager)
    assert pool.call("DELETE", f"/api/deals/{deal}/seats/{first}", manager).status == 204
    pool.ok("POST", f"/api/deals/{deal}/invites/{second}/resend", manager, headers={"if-match": '"1"'})
    assert pool.call("POST", "/api/invites/accept", learners[bob], links[bob]).code == "invite_superseded"
    pool.ok("POST", "/api/invites/accept", learners[bob], {"token": pool.emulator.link(bob)})
    assert [seat["dealId"] for seat in pool.ok("GET", "/api/me/seats", learners[bob])["seats"]] == [deal]

    # I6: another organisation's deal is as if it were not there, for either manager.
    other = sign_in(pool, globex_manager, *EVERYTHING)
    for token, theirs in ((manager, foreign), (other, deal)):
        answers = [pool.call("GET", f"/api/deals/{there}/seats", token) for there in (theirs, "A" * 22)]
        assert [(answer.status, answer.code) for answer in answers] == [(404, "not_found")] * 2
        assert answers[0].body == answers[1].body


def test_who_is_dismissed_is_a_learner_again_and_sends_nothing_more(pool: Stack, partner_token: str) -> None:
    person = appoint(pool, "manager", register(pool, somebody("acme")), "--org", "acme")
    old, deal = sign_in(pool, person, *EVERYTHING), pool.make_deal(partner_token, "acme")
    assert "invites.manage" in granted(old)
    pool.invite(old, deal, somebody())
    appoint(pool, "dismiss", person)
    rows = {"invites": [{"email": somebody()}]}
    answer = pool.call("POST", f"/api/deals/{deal}/invites", old, rows)
    assert (answer.status, answer.code) == (403, "forbidden")
    token = sign_in(pool, person, *EVERYTHING)
    assert granted(token) == {"seats.accept"}
    assert "org" not in claims(token)
