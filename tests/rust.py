"""Builds all tests of the workspace and runs their binaries side by side, because each binary mostly waits for responses
and leaves the cores idle. Prints the output of each binary when it ends."""

import json
import os
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

CARGO = [os.environ.get("CARGO", "cargo"), "test", "--locked", "--workspace", "--all-features"]
# The longest first.
LONGEST = ["proof", "store", "api", "load", "invariants", "mistakes"]
AT_ONCE = 3
# These take every core for minutes. They give way to tests that wait for an answer.
GREEDY = ["invariants", "mistakes"]


def binaries() -> list[dict]:
    command = [*CARGO, "--no-run", "--message-format", "json-render-diagnostics"]
    built = subprocess.run(command, stdout=subprocess.PIPE, check=True).stdout
    messages = [json.loads(line) for line in built.splitlines()]
    return [message for message in messages if message.get("executable") and message["profile"]["test"]]


def rank(binary: dict) -> int:
    name = binary["target"]["name"]
    return LONGEST.index(name) if name in LONGEST else len(LONGEST)


def run(binary: dict) -> bool:
    folder, began = Path(binary["manifest_path"]).parent, time.monotonic()
    name = binary["target"]["name"]
    ran = subprocess.run(
        [*(["nice"] if name in GREEDY else []), binary["executable"], "--show-output"],
        cwd=folder,
        env=os.environ | {"CARGO_MANIFEST_DIR": str(folder)},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        check=False,
    )
    said = f"== {folder.name} {name}, {time.monotonic() - began:.0f} s\n{ran.stdout.decode(errors='replace')}"
    print(said, flush=True)
    return ran.returncode == 0


def main() -> None:
    with ThreadPoolExecutor(AT_ONCE) as threads:
        passed = list(threads.map(run, sorted(binaries(), key=rank)))
    subprocess.run([*CARGO, "--doc"], check=True)
    sys.exit(not all(passed))


if __name__ == "__main__":
    main()
