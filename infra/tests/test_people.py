"""Adding and removing people: the requests to the user pool."""

import contextlib

import boto3
import people
import pytest
from botocore.stub import Stubber

OUT = {"TableName": "table", "OidcIssuerUrl": "https://issuer.example"}
POOL = {"UserPoolId": "us-east-1_pool"}
PERSON = POOL | {"Username": "u1"}


@pytest.fixture
def cognito():
    client = boto3.client("cognito-idp", region_name="us-east-1", aws_access_key_id="x", aws_secret_access_key="x")
    with Stubber(client) as stub:
        client.stub = stub
        yield client
        stub.assert_no_pending_responses()


@pytest.fixture
def block():
    client = boto3.client("dynamodb", region_name="us-east-1", aws_access_key_id="x", aws_secret_access_key="x")
    with Stubber(client) as stub:
        block = people.Block(client, OUT)
        block.stub = stub
        yield block
        stub.assert_no_pending_responses()


def add_update(block, expression, **values):
    # The hash is the one in shared/src/domain/id.rs, a_person_is_known_by_a_hash.
    key = {"pk": {"S": "M#pw1IRYMaipPOAXSl6wa-sExNEknERQT6YjqyKH1vol0"}, "sk": {"S": "SENDS"}}
    wanted = {"TableName": "table", "Key": key, "UpdateExpression": expression} | values
    block.stub.add_response("update_item", {}, wanted)


def add_deletion(block, item):
    key = {"pk": {"S": "M#pw1IRYMaipPOAXSl6wa-sExNEknERQT6YjqyKH1vol0"}, "sk": {"S": item}}
    block.stub.add_response("delete_item", {}, {"TableName": "table", "Key": key})


def add_users(stub, *names, verified="true"):
    wanted = POOL | {"Filter": 'email = "ann@acme.example"', "Limit": 1}
    attributes = [{"Name": "email_verified", "Value": verified}, {"Name": "sub", "Value": "subject"}]
    stub.add_response("list_users", {"Users": [{"Username": n, "Attributes": attributes} for n in names]}, wanted)


def test_a_new_manager_is_created_with_the_organisation(cognito, block):
    add_users(cognito.stub)
    attributes = {"email": "ann@acme.example", "email_verified": "true", "custom:org": "acme"}
    wanted = POOL | {
        "Username": "ann@acme.example",
        "UserAttributes": [{"Name": name, "Value": value} for name, value in attributes.items()],
        "DesiredDeliveryMediums": ["EMAIL"],
    }
    cognito.stub.add_response("admin_create_user", {"User": {"Username": "u1"}}, wanted)
    cognito.stub.add_response("admin_add_user_to_group", {}, PERSON | {"GroupName": "learning-managers"})
    people.appoint(cognito, block, POOL["UserPoolId"], "ann@acme.example", people.MANAGERS, "acme")


def test_an_existing_user_gets_the_organisation(cognito, block):
    add_users(cognito.stub, "u1")
    block.stub.add_client_error("update_item", "ConditionalCheckFailedException")
    # A digest would name deals of the organisation before.
    add_deletion(block, "DIGEST")
    wanted = PERSON | {"UserAttributes": [{"Name": "custom:org", "Value": "acme"}]}
    cognito.stub.add_response("admin_update_user_attributes", {}, wanted)
    cognito.stub.add_response("admin_add_user_to_group", {}, PERSON | {"GroupName": "learning-managers"})
    people.appoint(cognito, block, POOL["UserPoolId"], "ann@acme.example", people.MANAGERS, "acme")


def test_a_manager_who_was_dismissed_may_send_again_once_appointed(block):
    add_update(block, "REMOVE blocked", ConditionExpression="attribute_exists(blocked)")
    block.lift("subject")


@pytest.mark.parametrize(("group", "organisation"), [(people.MANAGERS, "acme"), (people.PARTNERS, None)])
def test_an_unconfirmed_user_is_not_added(cognito, block, group, organisation):
    """A stranger may have registered the address and chosen the password."""
    add_users(cognito.stub, "u1", verified="false")
    with pytest.raises(people.Refused, match="admin-delete-user --user-pool-id us-east-1_pool --username u1"):
        people.appoint(cognito, block, POOL["UserPoolId"], "ann@acme.example", group, organisation)


def test_a_dismissed_person_loses_groups_sessions_and_organisation_and_sends_and_gets_nothing_more(
    cognito, block, monkeypatch
):
    monkeypatch.setattr(people.time, "time", lambda: 1_000_000)
    values = {":yes": {"BOOL": True}, ":at": {"N": "1086400"}, ":none": {"N": "0"}}
    counts = "windowEnds = if_not_exists(windowEnds, :none), used = if_not_exists(used, :none)"
    add_update(block, f"SET blocked = :yes, purgeAt = :at, {counts}", ExpressionAttributeValues=values)
    add_deletion(block, "DIGEST")
    add_users(cognito.stub, "u1")
    for group in ("learning-managers", "partnership-managers"):
        cognito.stub.add_response("admin_remove_user_from_group", {}, PERSON | {"GroupName": group})
    cognito.stub.add_response("admin_user_global_sign_out", {}, PERSON)
    cognito.stub.add_response("admin_delete_user_attributes", {}, PERSON | {"UserAttributeNames": ["custom:org"]})
    people.dismiss(cognito, block, POOL["UserPoolId"], "ann@acme.example")


@pytest.mark.parametrize(
    ("task", "email", "organisation", "says"),
    [
        ("manager", "ann", "acme", "EMAIL"),
        ("manager", 'a"b@acme.example', "acme", "EMAIL"),
        ("manager", "ann@acme.example", "", "ORG"),
        ("manager", "ann@acme.example", "Acme Ltd", "ORG"),
        ("partner", "", "", "EMAIL"),
        ("dismiss", "", "", "another issuer"),
        ("opt-in", "ann", "acme", "EMAIL"),
        ("opt-in", "änn@acme.example", "acme", "EMAIL"),
        ("opt-in", "ann@-.example", "acme", "EMAIL"),
        ("opt-in", "ann@acme.example", "", "ORG"),
    ],
)
def test_a_malformed_address_or_organisation_is_refused(task, email, organisation, says):
    with pytest.raises(people.Refused, match=says):
        people.people(task, email, organisation, "", "seatkeeper")


def test_an_address_and_a_subject_may_be_two_people():
    with pytest.raises(people.Refused, match="Both EMAIL and SUBJECT"):
        people.people("dismiss", "ann@acme.example", "", "subject", "seatkeeper")


@pytest.mark.parametrize(
    ("task", "says"), [("partner", "add people at your identity provider"), ("dismiss", "SUBJECT=<their sub>")]
)
def test_a_stack_without_a_pool_says_what_to_do_instead(task, says, monkeypatch):
    monkeypatch.setattr(people, "find_stack", lambda _: {"Outputs": []})
    with pytest.raises(people.Refused, match=f"no user pool: .*{says}"):
        people.people(task, "ann@acme.example", "", "", "seatkeeper")


# The examples of shared/src/domain/id.rs, an_opt_out_is_known_by_a_digest.
@pytest.mark.parametrize("email", ["Ann@Bücher.example", "ann@xn--bcher-kva.EXAMPLE", "\uff21nn@bücher.example"])
def test_an_opt_out_is_known_by_the_digest_that_the_functions_store(email):
    assert people.opt_out_digest("acme", email) == "87x0emtKfo1NcF2habyM85hfkmuPNIQkC4ZD8IjTxPk"
    assert people.opt_out_digest("globex", email) != people.opt_out_digest("acme", email)


@pytest.mark.parametrize("has_opted_out", [True, False])
def test_an_opt_in_lifts_the_opt_out_or_says_that_there_is_none(block, has_opted_out, monkeypatch):
    monkeypatch.setattr(people.time, "time", lambda: 1000.9)
    wanted = {
        "TableName": "table",
        "Key": {"pk": {"S": "N#87x0emtKfo1NcF2habyM85hfkmuPNIQkC4ZD8IjTxPk"}, "sk": {"S": "N"}},
        "UpdateExpression": "SET liftedAt = :now, purgeAt = :at REMOVE optedOutAt",
        "ConditionExpression": "attribute_exists(optedOutAt)",
        "ExpressionAttributeValues": {":now": {"N": "1000"}, ":at": {"N": str(1000 + 30 * 86_400)}},
    }
    if has_opted_out:
        block.stub.add_response("update_item", {}, wanted)
    else:
        refused = "ConditionalCheckFailedException"
        block.stub.add_client_error("update_item", service_error_code=refused, expected_params=wanted)
    expected = contextlib.nullcontext() if has_opted_out else pytest.raises(people.Refused, match="has not opted out")
    with expected:
        people.opt_in(block.dynamodb, "table", people.opt_out_digest("acme", "ann@bücher.example"))
