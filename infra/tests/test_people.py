"""Adding and removing people: the requests to the user pool."""

import boto3
import people
import pytest
from botocore.stub import Stubber

POOL = {"UserPoolId": "us-east-1_pool"}
PERSON = POOL | {"Username": "u1"}


@pytest.fixture
def cognito():
    client = boto3.client("cognito-idp", region_name="us-east-1", aws_access_key_id="x", aws_secret_access_key="x")
    with Stubber(client) as stub:
        client.stub = stub
        yield client
        stub.assert_no_pending_responses()


def add_users(stub, *names, verified="true"):
    wanted = POOL | {"Filter": 'email = "ann@acme.example"', "Limit": 1}
    attributes = [{"Name": "email_verified", "Value": verified}]
    stub.add_response("list_users", {"Users": [{"Username": n, "Attributes": attributes} for n in names]}, wanted)


def test_a_new_manager_is_created_with_the_organisation(cognito):
    add_users(cognito.stub)
    attributes = {"email": "ann@acme.example", "email_verified": "true", "custom:org": "acme"}
    wanted = POOL | {
        "Username": "ann@acme.example",
        "UserAttributes": [{"Name": name, "Value": value} for name, value in attributes.items()],
        "DesiredDeliveryMediums": ["EMAIL"],
    }
    cognito.stub.add_response("admin_create_user", {"User": {"Username": "u1"}}, wanted)
    cognito.stub.add_response("admin_add_user_to_group", {}, PERSON | {"GroupName": "learning-managers"})
    people.appoint(cognito, POOL["UserPoolId"], "ann@acme.example", people.MANAGERS, "acme")


def test_an_existing_user_gets_the_organisation(cognito):
    add_users(cognito.stub, "u1")
    wanted = PERSON | {"UserAttributes": [{"Name": "custom:org", "Value": "acme"}]}
    cognito.stub.add_response("admin_update_user_attributes", {}, wanted)
    cognito.stub.add_response("admin_add_user_to_group", {}, PERSON | {"GroupName": "learning-managers"})
    people.appoint(cognito, POOL["UserPoolId"], "ann@acme.example", people.MANAGERS, "acme")


@pytest.mark.parametrize(("group", "organisation"), [(people.MANAGERS, "acme"), (people.PARTNERS, None)])
def test_an_unconfirmed_user_is_not_added(cognito, group, organisation):
    """A stranger may have registered the address and chosen the password."""
    add_users(cognito.stub, "u1", verified="false")
    with pytest.raises(people.Refused, match="admin-delete-user --user-pool-id us-east-1_pool --username u1"):
        people.appoint(cognito, POOL["UserPoolId"], "ann@acme.example", group, organisation)


def test_a_dismissed_person_loses_groups_sessions_and_organisation(cognito):
    add_users(cognito.stub, "u1")
    for group in ("learning-managers", "partnership-managers"):
        cognito.stub.add_response("admin_remove_user_from_group", {}, PERSON | {"GroupName": group})
    cognito.stub.add_response("admin_user_global_sign_out", {}, PERSON)
    cognito.stub.add_response("admin_delete_user_attributes", {}, PERSON | {"UserAttributeNames": ["custom:org"]})
    people.dismiss(cognito, POOL["UserPoolId"], "ann@acme.example")


@pytest.mark.parametrize(
    ("task", "email", "organisation", "says"),
    [
        ("manager", "ann", "acme", "EMAIL"),
        ("manager", 'a"b@acme.example', "acme", "EMAIL"),
        ("manager", "ann@acme.example", "", "ORG"),
        ("manager", "ann@acme.example", "Acme Ltd", "ORG"),
        ("partner", "", "", "EMAIL"),
    ],
)
def test_a_malformed_address_or_organisation_is_refused(task, email, organisation, says):
    with pytest.raises(people.Refused, match=says):
        people.people(task, email, organisation, "seatkeeper")


def test_a_stack_without_a_pool_adds_nobody(monkeypatch):
    monkeypatch.setattr(people, "find_stack", lambda _: {"Outputs": []})
    with pytest.raises(people.Refused, match="no user pool"):
        people.people("partner", "ann@acme.example", "", "seatkeeper")
