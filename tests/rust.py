"""Builds all tests of the workspace and runs their binaries side by side, because each binary mostly waits for responses
and leaves the cores idle. Prints the output of each binary when it ends."""

import json
import os
import subprocess
import sys
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

CARGO = [os.environ.get("CARGO", "cargo"), "--config", "tests/cargo.toml", "test"]
CARGO += ["--locked", "--workspace", "--all-features"]
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
    command = [*(["nice"] if name in GREEDY else []), binary["executable"], "--show-output"]
    env = os.environ | {"CARGO_MANIFEST_DIR": str(folder)}
    with tempfile.TemporaryFile() as output:
        process = subprocess.Popen(command, cwd=folder, env=env, stdout=output, stderr=subprocess.STDOUT)
        _, status, usage = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
        output.seek(0)
        text = output.read().decode(errors="replace")
    seconds, cpu_seconds = time.monotonic() - began, usage.ru_utime + usage.ru_stime
    print(f"== {folder.name} {name}, {seconds:.0f} s, {cpu_seconds:.0f} s of a core\n{text}", flush=True)
    return process.returncode == 0


def main() -> None:
    with ThreadPoolExecutor(AT_ONCE) as threads:
        passed = list(threads.map(run, sorted(binaries(), key=rank)))
    subprocess.run([*CARGO, "--doc"], check=True)
    sys.exit(not all(passed))


if __name__ == "__main__":
    main()
