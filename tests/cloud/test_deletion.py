"""What remains of a stack that is deleted, and of one that could not be created."""

import sys

import pytest
from cloud import SIGN_IN_SENDER, Emulator, Stack, run, wait_for


def test_who_holds_a_seat_outlives_the_stack(pool: Stack) -> None:
    emulator, out = pool.emulator, pool.outputs
    s3, cloudformation = emulator.client("s3"), emulator.client("cloudformation")
    # CloudFormation deletes no bucket that has something in it.
    for entry in s3.list_objects_v2(Bucket=out["PortalBucket"]).get("Contents", []):
        s3.delete_object(Bucket=out["PortalBucket"], Key=entry["Key"])
    cloudformation.delete_stack(StackName=pool.name)

    def states() -> list[str]:
        found = cloudformation.list_stacks()["StackSummaries"]
        return [entry["StackStatus"] for entry in found if entry["StackName"] == pool.name]

    wait_for("the stack is gone", lambda: "DELETE_COMPLETE" in states(), 300)
    table = emulator.client("dynamodb").describe_table(TableName=out["TableName"])["Table"]
    assert table["DeletionProtectionEnabled"]
    assert emulator.client("dynamodb").scan(TableName=out["TableName"])["Count"] > 0
    people = emulator.client("cognito-idp").list_users(UserPoolId=out["UserPoolId"])["Users"]
    assert people
    left = [function["FunctionName"] for function in emulator.client("lambda").list_functions()["Functions"]]
    assert not [name for name in left if name.startswith(f"{pool.name}-")]


def test_a_deployment_that_fails_the_first_time_leaves_nothing(emulator: Emulator, sender: str) -> None:
    cloudformation = emulator.client("cloudformation")
    # CloudFormation creates no budget that is there. It is among the last resources.
    budget = {
        "BudgetName": "failed",
        "BudgetType": "COST",
        "TimeUnit": "MONTHLY",
        "BudgetLimit": {"Amount": "1", "Unit": "USD"},
    }
    emulator.client("budgets").create_budget(AccountId="000000000000", Budget=budget)
    # The identity was created for another stack.
    near = emulator.client("sesv2", "us-west-2")
    near.create_configuration_set(ConfigurationSetName="failed-sign-in")
    command = [sys.executable, "infra/deploy.py", "--stack", "failed", "--create-user-pool", "true"]
    command += ["--mail-from", sender, "--sign-in-from", SIGN_IN_SENDER, "--alarm-email", "ops@futurelearn.example"]
    with pytest.raises(AssertionError, match="CloudFormation did not deploy failed, for the reason above"):
        run("deploy-failed", command, emulator.environment)

    def states() -> dict[str, str]:
        found = cloudformation.list_stacks()["StackSummaries"]
        return {one["StackName"]: one["StackStatus"] for one in found if one["StackName"].startswith("failed")}

    wait_for("the stacks are gone", lambda: set(states().values()) == {"DELETE_COMPLETE"}, 300)
    assert states().keys() == {"failed", "failed-web-acl"}
    assert not [name for name in emulator.client("dynamodb").list_tables()["TableNames"] if "failed" in name]
    pools = emulator.client("cognito-idp").list_user_pools(MaxResults=60)["UserPools"]
    assert not [one for one in pools if one["Name"] == "failed"]
