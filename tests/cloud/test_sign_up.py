"""What strangers may do in the stack's own user pool, and what that uses up."""

from botocore.exceptions import ClientError
from cloud import SIGN_IN_SENDER, Stack, somebody, wait_for
from sign_in import PASSWORD, register

ACCOUNT = "000000000000"


def test_cognito_mails_from_an_identity_and_a_configuration_set_of_its_own(pool: Stack) -> None:
    cognito = pool.emulator.client("cognito-idp")
    found = cognito.describe_user_pool(UserPoolId=pool.outputs["UserPoolId"])["UserPool"]["EmailConfiguration"]
    # Another Region than the stack's, us-east-1.
    assert found == {
        "EmailSendingAccount": "DEVELOPER",
        "From": SIGN_IN_SENDER,
        "SourceArn": f"arn:aws:ses:us-west-2:{ACCOUNT}:identity/id.futurelearn.example",
        "ConfigurationSet": "pool-sign-in",
    }
    ses = pool.emulator.client("sesv2", "us-west-2")
    assert ses.get_email_identity(EmailIdentity="id.futurelearn.example")["VerifiedForSendingStatus"]
    configuration = ses.get_configuration_set(ConfigurationSetName="pool-sign-in")
    assert configuration["DeliveryOptions"]["TlsPolicy"] == "REQUIRE"
    assert configuration["SuppressionOptions"]["SuppressedReasons"] == ["BOUNCE", "COMPLAINT"]


def test_the_pool_and_the_distribution_have_their_web_acls(pool: Stack) -> None:
    wafv2 = pool.emulator.client("wafv2")
    arn = f"arn:aws:cognito-idp:us-east-1:{ACCOUNT}:userpool/{pool.outputs['UserPoolId']}"
    [sign_up] = wafv2.list_web_acls(Scope="REGIONAL")["WebACLs"]
    assert sign_up["Name"] == "pool-sign-up"
    found = wafv2.list_resources_for_web_acl(WebACLArn=sign_up["ARN"], ResourceType="COGNITO_USER_POOL")
    assert found["ResourceArns"] == [arn]
    distribution = pool.emulator.client("cloudfront").get_distribution_config(Id=pool.outputs["DistributionId"])
    [ours] = wafv2.list_web_acls(Scope="CLOUDFRONT")["WebACLs"]
    assert distribution["DistributionConfig"]["WebACLId"] == ours["ARN"]


def test_a_budget_tells_the_operator(pool: Stack) -> None:
    budget = pool.emulator.client("budgets").describe_budget(AccountId=ACCOUNT, BudgetName=pool.name)["Budget"]
    assert float(budget["BudgetLimit"]["Amount"]) == 50


def test_only_accounts_that_were_never_confirmed_for_two_days_are_deleted(pool: Stack) -> None:
    cognito, states = pool.emulator.client("cognito-idp"), pool.emulator.client("stepfunctions")
    client, user_pool = pool.outputs["OidcClientId"], pool.outputs["UserPoolId"]
    confirmed, young = register(pool, somebody()), somebody()
    cognito.sign_up(ClientId=client, Username=young, Password=PASSWORD)
    [machine] = [
        one for one in states.list_state_machines()["stateMachines"] if one["name"] == "pool-delete-unconfirmed"
    ]

    def run() -> None:
        started = states.start_execution(stateMachineArn=machine["stateMachineArn"])["executionArn"]

        def ended() -> dict | None:
            found = states.describe_execution(executionArn=started)
            return found if found["status"] != "RUNNING" else None

        done = wait_for("the execution ends", ended, 300)
        assert done["status"] == "SUCCEEDED", done

    def is_there(person: str) -> bool:
        try:
            return bool(cognito.admin_get_user(UserPoolId=user_pool, Username=person))
        except ClientError as error:
            assert error.response["Error"]["Code"] == "UserNotFoundException"
            return False

    run()
    assert is_there(young)
    definition = states.describe_state_machine(stateMachineArn=machine["stateMachineArn"])["definition"]
    assert definition.count("172800000") == 1
    # As if two days had passed.
    changed = definition.replace("172800000", "0")
    states.update_state_machine(stateMachineArn=machine["stateMachineArn"], definition=changed)
    run()
    states.update_state_machine(stateMachineArn=machine["stateMachineArn"], definition=definition)
    assert [is_there(confirmed), is_there(young)] == [True, False]
