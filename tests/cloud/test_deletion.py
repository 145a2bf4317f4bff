"""What remains of a stack that is deleted."""

from cloud import Stack, wait_for


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

    wait_for("the stack is gone", lambda: "DELETE_COMPLETE" in states(), 60)
    table = emulator.client("dynamodb").describe_table(TableName=out["TableName"])["Table"]
    assert table["DeletionProtectionEnabled"]
    assert emulator.client("dynamodb").scan(TableName=out["TableName"])["Count"] > 0
    people = emulator.client("cognito-idp").list_users(UserPoolId=out["UserPoolId"])["Users"]
    assert people
    left = [function["FunctionName"] for function in emulator.client("lambda").list_functions()["Functions"]]
    assert not [name for name in left if name.startswith(f"{pool.name}-")]
