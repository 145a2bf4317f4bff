"""What happens when a function is deployed with invalid settings."""

import json
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager

import pytest
from cloud import Stack


@contextmanager
def set_to(stack: Stack, function: str, variables: dict[str, str]) -> Iterator[None]:
    functions, whole = stack.emulator.client("lambda"), stack.environment(function)

    def put(variables: dict[str, str]) -> None:
        functions.update_function_configuration(
            FunctionName=stack.function(function), Environment={"Variables": variables}
        )

    put(variables)
    try:
        yield
    finally:
        put(whole)


def changed(stack: Stack, function: str, **settings: str) -> AbstractContextManager[None]:
    return set_to(stack, function, stack.environment(function) | settings)


def without(stack: Stack, function: str, *settings: str) -> AbstractContextManager[None]:
    whole = stack.environment(function)
    return set_to(stack, function, {name: value for name, value in whole.items() if name not in settings})


@pytest.mark.parametrize(
    ("function", "settings", "line"),
    [
        ("deal-seats", ["TABLE_NAME"], "TABLE_NAME is missing"),
        ("deliver-invites", ["TABLE_NAME", "MAIL_FROM"], "TABLE_NAME is missing; MAIL_FROM is missing"),
    ],
)
def test_a_function_without_its_settings_names_them_in_one_line(
    stack: Stack, function: str, settings: list[str], line: str
) -> None:
    functions = stack.emulator.client("lambda")
    with without(stack, function, *settings):
        answer = functions.invoke(FunctionName=stack.function(function), Payload=b"{}")
    # The emulator answers with what the process said last, where AWS would have it in the log.
    assert "FunctionError" in answer
    said = json.load(answer["Payload"])["errorMessage"]
    assert said.endswith(f"invalid settings: {line}")
    assert "\n" not in said


def test_a_function_that_does_not_start_is_a_server_error_and_recovers(stack: Stack, manager: str) -> None:
    with without(stack, "deal-seats", "TABLE_NAME"):
        # With a body of the emulator's own; AWS's gateway says "Internal Server Error" and nothing of the inside.
        assert stack.call("GET", "/api/deals", manager).status in (500, 502)
    assert stack.call("GET", "/api/deals", manager).status == 200
