"""What GitHub reads: workflows that it can parse, with pinned actions, few permissions, and commands that exist."""

import re

import pytest
import yaml
from package import ROOT

GITHUB = ROOT / ".github"
WORKFLOWS = sorted((GITHUB / "workflows").glob("*.yml"))
TARGETS = set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(), re.MULTILINE))


def steps(workflow: dict) -> list[dict]:
    return [step for job in workflow["jobs"].values() for step in job["steps"]]


@pytest.mark.parametrize("path", WORKFLOWS, ids=lambda path: path.stem)
def test_a_workflow_pins_its_actions_and_calls_what_the_makefile_has(path):
    text = path.read_text()
    workflow = yaml.safe_load(text)
    assert workflow["permissions"] == {"contents": "read"}
    uses = [step["uses"] for step in steps(workflow) if "uses" in step]
    assert all(re.fullmatch(r"[\w/-]+@[0-9a-f]{40}", action) for action in uses)
    assert len(re.findall(r"@[0-9a-f]{40} # v\d+\.\d+\.\d+$", text, re.MULTILINE)) == len(uses)
    runs = "\n".join(step.get("run", "") for step in steps(workflow))
    called = set(re.findall(r"\bmake ([a-z][a-z-]+)", runs))
    for job in workflow["jobs"].values():
        matrix = job.get("strategy", {}).get("matrix", {})
        called |= {entry["run"].split()[1] for entry in matrix.get("include", [])} | set(matrix.get("part", []))
    assert called
    assert called <= TARGETS


def test_no_two_jobs_save_different_files_under_one_key():
    """The second job would find the first one's files, and never save its own."""
    jobs = [job for path in WORKFLOWS for job in yaml.safe_load(path.read_text())["jobs"].values()]
    saved = [step["with"]["key"] for job in jobs for step in job["steps"] if "cache@" in step.get("uses", "")]
    assert len(saved) == len(set(saved)) == 4


def test_only_a_release_may_write():
    jobs = {path.stem: yaml.safe_load(path.read_text())["jobs"] for path in WORKFLOWS}
    allowed = {name for name, all_of in jobs.items() if any("permissions" in job for job in all_of.values())}
    assert allowed == {"release"}


def test_dependabot_looks_into_every_folder_with_a_list_of_packages():
    updates = yaml.safe_load((GITHUB / "dependabot.yml").read_text())["updates"]
    assert all(update["cooldown"] == {"default-days": 7} for update in updates)
    folders = {one["package-ecosystem"]: one.get("directories") for one in updates}
    python = re.search(r"^PYTHON_LISTS := (.*)$", (ROOT / "Makefile").read_text(), re.MULTILINE)
    assert folders["pip"] == [f"/{folder}" for folder in python[1].split()]
    listed = [*ROOT.glob("*/package-lock.json"), *ROOT.glob("tests/*/package-lock.json")]
    assert sorted(folders["npm"]) == sorted(f"/{path.parent.relative_to(ROOT)}" for path in listed)
