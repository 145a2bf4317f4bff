"""The commands that the documentation and the programs name exist, with each option that they are given."""

import os
import re
import shlex
import subprocess
from collections.abc import Iterator

import botocore.session
import jmespath
import pytest
from botocore import xform_name
from package import ROOT

# Options of every command.
OF_THE_CLI = {"cli-binary-format", "output", "query", "region"}
# Commands of the AWS CLI itself, which are no operation of an API, and their options.
CLI_ONLY = {"s3 rm": {"recursive"}, "logs tail": {"since"}}
SESSION = botocore.session.get_session()


def code() -> Iterator[str]:
    """Each line and span of code in the documentation, and each command in a message of a program."""
    for page in [*ROOT.glob("*.md"), *ROOT.glob("docs/**/*.md")]:
        text = page.read_text().replace("\\\n", " ").replace("\\|", "|")
        yield from (line for block in re.findall(r"(?ms)^ *```\w*\n(.*?)^ *```", text) for line in block.splitlines())
        yield from (span.replace("\n", " ") for span in re.findall(r"(?<!`)`([^`]+)`(?!`)", text))
    for program in [*ROOT.glob("infra/*.py"), *ROOT.glob("infra/local/src/**/*.rs")]:
        yield from re.findall(r"(?:`|: |  )((?:make|aws) [^`\"\n]*)", program.read_text())


CODE = sorted(set(code()))


def aws_commands() -> Iterator[str]:
    """Each `aws` command, without what other commands print into it."""
    for line in CODE:
        for begin in re.finditer(r"(?<![\w./])aws (?=[a-z0-9-]+ [a-z])", line):
            words, depth = shlex.shlex(line[begin.start() :], posix=True, punctuation_chars=True), 0
            words.whitespace_split = True
            kept = []
            for word in words:
                depth += word.count("(") - word.count(")") if set(word) <= set("();<>|&") else 0
                if depth < 0 or (depth == 0 and set(word) <= set(";<>|&")):
                    break
                if depth == 0:
                    kept.append(word)
            yield shlex.join(kept)


def sample(shape, depth: int = 0) -> object:
    """An answer of this shape, in which every list has an entry and every map every key."""
    if depth > 8:
        return {}
    if shape.type_name == "structure":
        return {name: sample(member, depth + 1) for name, member in shape.members.items()}
    if shape.type_name == "list":
        return [sample(shape.member, depth + 1)]
    if shape.type_name == "map":
        return type("Every", (dict,), {"get": lambda self, key: sample(shape.value, depth + 1)})()
    return "x"


@pytest.mark.parametrize("command", sorted(set(aws_commands())))
def test_an_aws_command_has_the_options_that_it_needs_and_no_others(command):
    _, service, name, *words = shlex.split(command)
    given = {word[2:] for word in words if word.startswith("--")} - OF_THE_CLI
    if f"{service} {name}" in CLI_ONLY:
        assert given <= CLI_ONLY[f"{service} {name}"]
        return
    model = SESSION.get_service_model(service)
    if name == "wait":
        waiters = SESSION.get_waiter_model(service)
        waiter = next(waiter for waiter in waiters.waiter_names if xform_name(waiter, "-") == words[0])
        operation = model.operation_model(waiters.get_waiter(waiter).operation)
    else:
        operation = model.operation_model(next(o for o in model.operation_names if xform_name(o, "-") == name))
    members = operation.input_shape.members if operation.input_shape else {}
    options = {xform_name(member, "-"): shape for member, shape in members.items()}
    switches = {f"no-{option}" for option, shape in options.items() if shape.type_name == "boolean"}
    assert given <= options.keys() | switches
    if given and "…" not in command:  # otherwise the page only names it
        assert {xform_name(member, "-") for member in getattr(operation.input_shape, "required_members", [])} <= given
    if "--query" in words:
        # A filter for a value finds nothing in a sample, and its opposite finds everything.
        query = words[words.index("--query") + 1].replace("=='", "!='")
        found = jmespath.search(query, sample(operation.output_shape))
        assert found and "None" not in str(found), f"{query} finds {found}"


def test_a_make_command_has_a_target_and_variables_of_the_makefile():
    makefile = (ROOT / "Makefile").read_text()
    commands = [m for line in CODE for m in re.findall(r"(?<![\w-])make ([a-z][a-z-]*)((?: [A-Z_]+=\S*)*)", line)]
    assert {target for target, _ in commands} <= set(re.findall(r"^([a-z-]+):", makefile, re.M))
    variables = {name for _, given in commands for name in re.findall(r" ([A-Z_]+)=", given)}
    # NAME stands for any of them.
    assert {name for name in variables if not re.search(rf"\b{name}\b", makefile)} == {"NAME"}


@pytest.mark.parametrize(("given", "is_known"), [("SENDING_PAUSED=true", True), ("SENDING_PAUSD=true", False)])
def test_make_deploy_refuses_a_name_that_it_does_not_know(given, is_known):
    command = ["make", "--dry-run", "deploy", "MAIL_SUBJECT=Join us = now", "STACK=s", given]
    # Without the variables of the make that runs this test.
    environment = os.environ | {"MAKEFLAGS": ""}
    ran = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False, env=environment)
    assert (ran.returncode == 0) == is_known
    assert ("make deploy knows no SENDING_PAUSD:" in ran.stderr) != is_known


def test_what_the_commands_look_up_is_in_the_template():
    template = (ROOT / "infra/template.yaml").read_text()
    names = {name for line in CODE for name in re.findall(r"\$\((?:out|part) (\w+)\)", line)}
    assert {name for name in names if f"\n  {name}:\n" not in template} == set()


@pytest.mark.parametrize(("failure", "left"), [("None", ""), ("Unhandled", "one two"), ("", "one two")])
def test_a_lost_event_leaves_the_queue_only_when_it_is_recorded(failure, left, tmp_path):
    """An answer without a failure is None, and no answer at all is empty."""
    loop = re.search(r"(?ms)^queue=\$\(part LostEvents\)\n.*?^done$", (ROOT / "docs/runbook.md").read_text())
    (tmp_path / "queue").write_text("one two")
    stubs = f"""
    part() {{ echo "$1"; }}
    jq() {{ echo; }}
    aws() {{
      read -r first rest < queue
      case "$1 $2" in
        "sqs receive-message") echo "${{first:-null}}" ;;
        "sqs delete-message") echo "$rest" > queue ;;
        "lambda invoke") echo "{failure}" ;;
      esac
    }}
    """
    subprocess.run(["bash", "-c", stubs + loop[0]], cwd=tmp_path, check=True, timeout=300)
    assert (tmp_path / "queue").read_text().strip() == left
