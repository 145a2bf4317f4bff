"""Runs the parts of `make test` side by side, and prints a table of their tests and times.

Each part is a target of the Makefile. Its output goes to target/test/<part>.log, and to the terminal when the part fails.
"""

import os
import re
import subprocess
import sys
import time
from concurrent.futures import Future, ThreadPoolExecutor, wait
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).resolve().parent.parent
LOGS = ROOT / "target/test"

# The parts that each part needs, and the parts that it follows because they would compete for the cores. The build takes
# all cores, and installing mostly waits for the network. The longest part starts with the first: when only it is left, it
# keeps both cores of a small machine busy.
PARTS = {
    "build-tests": ([], []),
    "install": ([], []),
    "test-portal": (["install"], []),
    "test-deploy": (["install", "build-tests"], []),
    "test-cloud": (["install", "build-tests"], []),
    "test-rust": (["build-tests"], []),
    "test-api": (["install", "build-tests"], ["test-deploy"]),
    "test-browser": (["install", "build-tests"], []),
}
# The longest part. It gives way, because the tests of a sweep's time limit must not wait for it.
GIVES_WAY = "test-browser"
# The number of passed tests in the output of cargo, pytest, Node.js, vitest and tests/api/check.py.
PASSED = re.compile(r"ok\. (\d+) passed|^(\d+) passed|^. pass (\d+)|Tests  (\d+) passed|^(\d+) requests", re.MULTILINE)


class Outcome(NamedTuple):
    part: str
    verdict: str
    tests: int = 0
    seconds: float = 0
    cpu_seconds: float = 0


def run(part: str, needs: list[Future], follows: list[Future]) -> Outcome:
    if any(need.result().verdict != "passed" for need in needs):
        return Outcome(part, "not run")
    wait(follows)
    print(f"… {part}", flush=True)
    log, began = LOGS / f"{part}.log", time.monotonic()
    nice = ["nice", "-n", "5"] if part == GIVES_WAY else []
    command = [*nice, "make", "--no-print-directory", part, "BUILT=yes", "PROOF=short"]
    with log.open("wb") as output:
        process = subprocess.Popen(command, cwd=ROOT, stdout=output, stderr=subprocess.STDOUT)
        _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    seconds, text = time.monotonic() - began, log.read_text(errors="replace")
    tests = sum(int(number) for found in PASSED.findall(re.sub(r"\x1b\[\d*m", "", text)) for number in found if number)
    verdict = "failed" if process.returncode else "passed"
    print(text if process.returncode else "", f"{part} {verdict} after {seconds:.0f} s", sep="", flush=True)
    return Outcome(part, verdict, tests, seconds, usage.ru_utime + usage.ru_stime)


def main() -> None:
    LOGS.mkdir(parents=True, exist_ok=True)
    began, futures = time.monotonic(), {}
    with ThreadPoolExecutor(len(PARTS)) as threads:
        for part, (needs, follows) in PARTS.items():
            awaited = ([futures[name] for name in names] for names in (needs, follows))
            futures[part] = threads.submit(run, part, *awaited)
    outcomes = [future.result() for future in futures.values()]
    print(f"\n{'part':<14}{'tests':>8}{'seconds':>9}{'of a core':>11}")
    for part, verdict, tests, seconds, cpu_seconds in outcomes:
        print(f"{part:<14}{tests or '':>8}{seconds:>9.0f}{cpu_seconds:>11.0f}  {verdict}")
    print(f"{'all':<14}{sum(outcome.tests for outcome in outcomes):>8}{time.monotonic() - began:>9.0f}")
    sys.exit(any(outcome.verdict != "passed" for outcome in outcomes))


if __name__ == "__main__":
    main()
