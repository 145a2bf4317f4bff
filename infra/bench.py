"""Measures how fast the functions start and answer. Fails if a figure is over its budget in budgets.json.

valgrind's callgrind counts the instructions of the release binaries. A Runtime API delivers one event 0, 1 or 51 times and
then ends the process. A warm request is a fiftieth of the difference between 51 and 1, so other processes do not disturb
the figure. The table is the local stack's, over plain HTTP, so no figure includes TLS. Times are relative to a function
that does nothing, built from the same lock file.
"""

import argparse
import base64
import json
import os
import re
import shutil
import socket
import statistics
import subprocess
import sys
import tempfile
import threading
import time
import urllib.request
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import package

EMPTY = "empty"
MEASURED = ("accept-invite", "deal-seats")
# Starts of each function; the median counts.
STARTS = 40
WARM = 50
ROWS = 25


class Server(ThreadingHTTPServer):
    daemon_threads = True

    def handle_error(self, *_: object) -> None:
        """A broken connection only means that the process ended."""


class Runtime:
    """A Runtime API for one process: delivers an event `times` times, then keeps the process waiting."""

    def __init__(self, event: dict, times: int) -> None:
        self.times = self.left = times
        self.answers: list[dict] = []
        self.polled = threading.Event()
        body = json.dumps(event).encode()
        runtime = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"
            disable_nagle_algorithm = True

            def do_GET(self) -> None:
                runtime.polled.set()
                if runtime.left == 0:
                    # Like Lambda when there is no work: no answer until the process ends.
                    threading.Event().wait()
                runtime.left -= 1
                self.send_response(200)
                self.send_header("lambda-runtime-aws-request-id", "8476a536-e9f4-11e8-9739-2dfe598c3fcd")
                self.send_header("lambda-runtime-deadline-ms", str(int((time.time() + 600) * 1000)))
                self.send_header("lambda-runtime-invoked-function-arn", "arn:aws:lambda:eu-west-1:0:function:f")
                self.send_header("lambda-runtime-trace-id", "Root=1-5bef4de7-ad49b0e87f6ef6c87fc2e700;Sampled=0")
                self.send_header("content-length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def do_POST(self) -> None:
                answer = self.rfile.read(int(self.headers["content-length"]))
                runtime.polled.clear()
                runtime.answers.append(json.loads(answer))
                self.send_response(202)
                self.send_header("content-length", "0")
                self.end_headers()

            def log_message(self, *_: object) -> None:
                pass

        self.server = Server(("127.0.0.1", 0), Handler)
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def environment(self, name: str, dynamodb: str) -> dict[str, str]:
        return {
            "AWS_LAMBDA_RUNTIME_API": f"127.0.0.1:{self.server.server_port}",
            "AWS_LAMBDA_FUNCTION_NAME": name,
            "AWS_LAMBDA_FUNCTION_MEMORY_SIZE": "256",
            "AWS_LAMBDA_FUNCTION_VERSION": "$LATEST",
            "AWS_LAMBDA_LOG_GROUP_NAME": "",
            "AWS_LAMBDA_LOG_STREAM_NAME": "",
            "AWS_REGION": "eu-west-1",
            "AWS_ACCESS_KEY_ID": "local",
            "AWS_SECRET_ACCESS_KEY": "local",
            "AWS_ENDPOINT_URL_DYNAMODB": dynamodb,
            "TABLE_NAME": "seatkeeper",
        }

    def wait(self) -> None:
        """Waits until the function has answered every event and polls for another."""
        end = time.monotonic() + 120
        while len(self.answers) < self.times or not self.polled.is_set():
            if time.monotonic() > end:
                raise package.Refused("A function did not poll for work within two minutes: run it by hand to see why.")
            time.sleep(0.001)


class Stack:
    """The local stack, with a deal of 25 pending invites."""

    def __init__(self) -> None:
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            port = free.getsockname()[1]
        self.url = f"http://localhost:{port}"
        settings = {"PORT": str(port), "EPHEMERAL": "1", "SWEEP_EVERY": "0"}
        binary = target() / "debug/seatkeeper-local"
        self.process = subprocess.Popen(
            [binary], cwd=package.ROOT, env={**os.environ, **settings}, stdout=subprocess.PIPE, text=True
        )
        for line in self.process.stdout or ():
            if found := re.match(r"\s*DynamoDB\s+(\S+)", line):
                self.dynamodb = found[1]
                break
        else:
            raise package.Refused("The local stack did not start: run `make run` to see why.")
        # The functions read the claims in the token that the gateway verified.
        form = "grant_type=password&username=manager@acme.example"
        with urllib.request.urlopen(f"{self.url}/oidc/token", data=form.encode()) as answer:
            self.authorization = f"Bearer {json.load(answer)['access_token']}"
        self.deal = self.ask("/api/deals")["deals"][0]["id"]
        invites = [{"email": f"learner{number}@example.com", "name": f"Learner {number}"} for number in range(ROWS)]
        self.ask(f"/api/deals/{self.deal}/invites", {"invites": invites})
        mail = self.ask("/inbox/messages.json")[0]
        self.link = re.search(r"/accept#([\w-]{86})", mail["text"])[1]

    def ask(self, path: str, body: dict | None = None) -> dict:
        request = urllib.request.Request(f"{self.url}{path}", data=json.dumps(body).encode() if body else None)
        request.add_header("content-type", "application/json")
        if path.startswith("/api"):
            request.add_header("authorization", self.authorization)
        with urllib.request.urlopen(request) as answer:
            return json.load(answer)

    def forged(self) -> str:
        """The token of a link of an existing invite, with a secret that was never sent."""
        token = bytearray(base64.urlsafe_b64decode(self.link + "=="))
        token[-1] ^= 1
        return base64.urlsafe_b64encode(token).decode().rstrip("=")

    def stop(self) -> None:
        self.process.terminate()
        self.process.wait()


def event(
    route: str,
    authorization: str,
    parameters: dict[str, str] | None = None,
    query: str = "",
    body: dict | None = None,
) -> dict:
    """API Gateway's event for a request, with the headers of CloudFront and a browser."""
    method, path = route.split(" ")
    claims = {
        "iss": "http://localhost/oidc",
        "sub": "manager@acme.example",
        "aud": "seatkeeper",
        "exp": "1800003600",
        "iat": "1800000000",
        "scope": "openid email invites.manage seats.accept",
        "org": "acme",
        "email": "manager@acme.example",
        "email_verified": "true",
    }
    headers = {
        "accept": "application/json",
        "accept-encoding": "gzip, deflate, br",
        "accept-language": "en-GB,en;q=0.9",
        "authorization": authorization,
        "content-type": "application/json",
        "host": "abcdef1234.execute-api.eu-west-1.amazonaws.com",
        "referer": "https://d111111abcdef8.cloudfront.net/",
        "user-agent": "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0",
        "via": "2.0 0123456789abcdef.cloudfront.net (CloudFront)",
        "x-amz-cf-id": "x" * 56,
        "x-amzn-trace-id": "Root=1-5bef4de7-ad49b0e87f6ef6c87fc2e700",
        "x-forwarded-for": "192.0.2.1, 198.51.100.1",
        "x-forwarded-port": "443",
        "x-forwarded-proto": "https",
    }
    made = {
        "version": "2.0",
        "routeKey": route,
        "rawPath": path,
        "rawQueryString": query,
        "headers": headers,
        "requestContext": {
            "accountId": "000000000000",
            "apiId": "abcdef1234",
            "authorizer": {"jwt": {"claims": claims, "scopes": ["invites.manage"]}},
            "domainName": "abcdef1234.execute-api.eu-west-1.amazonaws.com",
            "domainPrefix": "abcdef1234",
            "http": {
                "method": method,
                "path": path,
                "protocol": "HTTP/1.1",
                "sourceIp": "192.0.2.1",
                "userAgent": headers["user-agent"],
            },
            "requestId": "JKJaXmPLvHcESHA=",
            "routeKey": route,
            "stage": "$default",
            "time": "26/Nov/2026:12:00:00 +0000",
            "timeEpoch": 1795694400000,
        },
        "isBase64Encoded": False,
    }
    if parameters:
        made["pathParameters"] = parameters
    if body:
        made["body"] = json.dumps(body)
    return made


def target() -> Path:
    return Path(os.environ.get("CARGO_TARGET_DIR", package.ROOT / "target"))


def build() -> Path:
    print("Building the functions, and one that does nothing, optimised (some minutes)…", flush=True)
    command = ["cargo", "build", "--locked", "--release"]
    names = [argument for name in package.functions() for argument in ("--package", name)]
    examples = ["--package", "grant-scopes", "--example", EMPTY]
    for arguments in ([*names, "--bins"], examples):
        if subprocess.run([*command, *arguments], cwd=package.ROOT, check=False).returncode != 0:
            raise package.Refused("The build failed, for the reason that cargo gives above.")
    return target() / "release"


def binary(folder: Path, name: str) -> Path:
    return folder / ("examples/empty" if name == EMPTY else name)


def instructions(folder: Path, name: str, dynamodb: str, made: dict, times: int, expected: int | None) -> int:
    """Instructions of a process until it has answered the event `times` times."""
    runtime = Runtime(made, times)
    with tempfile.TemporaryDirectory() as scratch:
        command = ["valgrind", "--tool=callgrind", f"--callgrind-out-file={scratch}/out", binary(folder, name)]
        process = subprocess.Popen(
            command,
            env=runtime.environment(name, dynamodb),
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            text=True,
        )
        try:
            runtime.wait()
        finally:
            process.terminate()
        _, said = process.communicate()
    statuses = {answer.get("statusCode") for answer in runtime.answers if answer}
    if times and expected and statuses != {expected}:
        raise package.Refused(
            f"{name} answered {statuses or 'nothing'} instead of {expected}: fix the function or its event in bench.py."
        )
    return int(re.search(r"Collected : (\d+)", said)[1])


def warm(folder: Path, name: str, dynamodb: str, made: dict, expected: int | None) -> float:
    first = instructions(folder, name, dynamodb, made, 1, expected)
    return (instructions(folder, name, dynamodb, made, WARM + 1, expected) - first) / WARM


def start(folder: Path, name: str, dynamodb: str) -> tuple[float, int]:
    """Seconds until a process polls for work, and its resident bytes by then."""
    runtime = Runtime({}, 0)
    environment = runtime.environment(name, dynamodb)
    begin = time.perf_counter()
    process = subprocess.Popen([binary(folder, name)], env=environment, stdout=subprocess.DEVNULL)
    try:
        runtime.polled.wait(10)
        took = time.perf_counter() - begin
        status = Path(f"/proc/{process.pid}/status").read_text()
    finally:
        process.terminate()
        process.wait()
        runtime.server.shutdown()
    return took, int(re.search(r"VmRSS:\s+(\d+) kB", status)[1]) * 1024


def crates(name: str) -> int:
    command = ["cargo", "tree", "--locked", "--edges", "normal", "--package", name, "--prefix", "none"]
    tree = subprocess.run(command, cwd=package.ROOT, capture_output=True, text=True, check=True).stdout
    return len({line.removesuffix(" (*)") for line in tree.splitlines() if line})


def zip_size(path: Path) -> int:
    with tempfile.TemporaryDirectory() as scratch:
        package.zip_binary(path.read_bytes(), Path(scratch) / "zip")
        return (Path(scratch) / "zip").stat().st_size


class Report:
    """Prints each measured figure beside its budget."""

    def __init__(self) -> None:
        self.over: list[str] = []
        print(f"\n{'':<46}{'measured':>12}{'budget':>12}{'empty':>12}")

    def row(self, name: str, measured: float, budget: float, empty: float | None = None) -> None:
        def shown(number: float | None) -> str:
            return "" if number is None else f"{number:,.2f}" if number < 100 else f"{number:,.0f}"

        is_over = measured > budget
        print(
            f"{name:<46}{shown(measured):>12}{shown(budget):>12}{shown(empty):>12}{'  over' if is_over else ''}",
            flush=True,
        )
        if is_over:
            self.over.append(name)


def measure(folder: Path, stack: Stack, budgets: dict) -> list[str]:
    report = Report()
    for name, budget in budgets["zip_bytes"].items():
        if binary(folder, name).exists():
            report.row(f"zip of {name}, bytes", zip_size(binary(folder, name)), budget)
    report.row("crates behind accept-invite", crates("accept-invite"), budgets["crates"])

    starts: dict[str, list[tuple[float, int]]] = {name: [] for name in (EMPTY, *MEASURED)}
    for _ in range(STARTS):
        for name, found in starts.items():
            found.append(start(folder, name, stack.dynamodb))
    times = {name: statistics.median(took for took, _ in found) for name, found in starts.items()}
    held = {name: statistics.median(bytes_ for _, bytes_ in found) for name, found in starts.items()}
    for name in MEASURED:
        report.row(f"init of {name}, relative to empty", times[name] / times[EMPTY], budgets["init_time_ratio"], 1)
        report.row(f"init of {name}, bytes resident", held[name], budgets["init_resident_bytes"], held[EMPTY])

    if not shutil.which("valgrind"):
        raise package.Refused(
            "valgrind is missing, which counts the instructions: run `apt-get install valgrind` as root, or install your system's package."
        )
    empty = instructions(folder, EMPTY, stack.dynamodb, {}, 0, None)
    for name in MEASURED:
        count = instructions(folder, name, stack.dynamodb, {}, 0, None)
        report.row(f"init of {name}, instructions", count, budgets["init_instructions"], empty)
    empty = warm(folder, EMPTY, stack.dynamodb, {}, None)
    deal = {"dealId": stack.deal}
    one = event("GET /api/deals/{dealId}", stack.authorization, deal)
    page = event("GET /api/deals/{dealId}/seats", stack.authorization, deal, f"status=pending&limit={ROWS}")
    forged = event("POST /api/invites/accept", stack.authorization, body={"token": stack.forged()})
    for what, function, made, status, budget in (
        ("one deal", "deal-seats", one, 200, "deal_instructions"),
        (f"a page of {ROWS}", "deal-seats", page, 200, "page_instructions"),
        ("a forged accept", "accept-invite", forged, 404, "forged_accept_instructions"),
    ):
        report.row(
            f"warm: {what}, instructions", warm(folder, function, stack.dynamodb, made, status), budgets[budget], empty
        )
    return report.over


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--binaries", type=Path, help="measure the binaries in this folder instead of building")
    arguments = parser.parse_args()
    try:
        folder = arguments.binaries or build()
        stack = Stack()
        try:
            over = measure(folder, stack, json.loads((package.ROOT / "infra/budgets.json").read_text()))
        finally:
            stack.stop()
        if over:
            raise package.Refused(
                f"Over budget: {', '.join(over)}. Find the cause, or raise the budget in infra/budgets.json and say why."
            )
    except package.Refused as refusal:
        print(refusal, file=sys.stderr)
        sys.exit(2)


if __name__ == "__main__":
    main()
