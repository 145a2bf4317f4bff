"""Builds the Lambda functions and zips them: target/package/<function>.zip, each with one file, `bootstrap`.

The build is reproducible: it removes paths, locks versions, and writes a fixed time into the zips. A zip over its budget
fails the build, because size costs start-up time.
"""

import argparse
import hashlib
import json
import os
import re
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
PACKAGE = ROOT / "target/package"

# The Rust target, and e_machine of the ELF header.
ARCHITECTURES = {
    "x86_64": ("x86_64-unknown-linux-gnu", 62),
    "arm64": ("aarch64-unknown-linux-gnu", 183),
}
# The compiler of the zips. Another one gives other bytes, and nobody could build a release again.
TOOLCHAIN = "1.95.0"
# The C library of provided.al2023.
GLIBC = (2, 34)
# Bytes of a zip; `make bench` has the other budgets of this file.
BUDGETS = json.loads((ROOT / "infra/budgets.json").read_text())["zip_bytes"]
# Strings of the development issuer, which must not be deployed.
DEVELOPMENT_ISSUER = (b"/oidc/token", b"seatkeeper-local", b"partnerships@futurelearn.example")


class Refused(Exception):
    """A problem, in a sentence that says what to do."""


def functions() -> list[str]:
    return sorted(folder.name for folder in (ROOT / "functions").iterdir() if folder.is_dir())


def pinned() -> dict[str, str]:
    """The environment in which rustup starts the pinned compiler."""
    return os.environ | {"RUSTUP_TOOLCHAIN": TOOLCHAIN}


def rustc(*arguments: str) -> str:
    run = subprocess.run(["rustc", *arguments], capture_output=True, text=True, check=False, env=pinned())
    return run.stdout.strip() if run.returncode == 0 else ""


def check_target(target: str) -> None:
    """The compiler and the target's standard library must be there. cargo would report their absence less clearly."""
    if rustc("--version").split()[1:2] != [TOOLCHAIN]:
        raise Refused(
            f"The zips are built with Rust {TOOLCHAIN}, which is not installed: run `rustup toolchain install {TOOLCHAIN}`."
        )
    if not Path(rustc("--print", "target-libdir", "--target", target) or "none").is_dir():
        raise Refused(
            f"Rust has no standard library for {target}: run `rustup target add --toolchain {TOOLCHAIN} {target}`, or give another ARCH."
        )


def build(target: str, names: list[str]) -> Path:
    """Builds the functions and returns their folder."""
    cargo_home = Path(os.environ.get("CARGO_HOME", Path.home() / ".cargo")).resolve()
    target_folder = Path(os.environ.get("CARGO_TARGET_DIR", ROOT / "target")).resolve()
    mapped = {cargo_home: "/cargo", target_folder: "/target", ROOT: "/seatkeeper"}
    if blank := [str(path) for path in mapped if " " in str(path)]:
        raise Refused(f"The compilers do not accept a space in a path: move {blank[0]} to a path without one.")
    environment = pinned()
    environment["RUSTFLAGS"] = " ".join(f"--remap-path-prefix={path}={name}" for path, name in mapped.items())
    environment["CFLAGS"] = " ".join(f"-ffile-prefix-map={path}={name}" for path, name in mapped.items())
    packages = [argument for name in names for argument in ("-p", name)]
    folder = target_folder / "lambda"
    command = ["cargo", "lambda", "build", "--release", "--locked", "--lambda-dir", str(folder)]
    command += ["--target", ".".join([target, *map(str, GLIBC)]), *packages]
    if subprocess.run(command, cwd=ROOT, env=environment, check=False).returncode != 0:
        raise Refused("The build failed, for the reason that cargo gives above.")
    return folder


def check_binary(name: str, binary: bytes, machine: int) -> None:
    if binary[:4] != b"\x7fELF" or int.from_bytes(binary[18:20], "little") != machine:
        raise Refused(f"{name} was built for another architecture: remove target/lambda, then package again.")
    needed = max(tuple(map(int, version)) for version in re.findall(rb"GLIBC_(\d+)\.(\d+)", binary))
    if needed > GLIBC:
        raise Refused(
            f"{name} needs glibc {needed[0]}.{needed[1]}, but Lambda has {GLIBC[0]}.{GLIBC[1]}: build it with `make package`."
        )
    if found := [text.decode() for text in DEVELOPMENT_ISSUER if text in binary]:
        raise Refused(
            f"{name} contains the development issuer ({', '.join(found)}): remove its dependency on infra/local."
        )


def zip_binary(binary: bytes, path: Path, level: int = 9) -> None:
    """One executable file, with the earliest time that a zip can store."""
    entry = zipfile.ZipInfo("bootstrap", (1980, 1, 1, 0, 0, 0))
    entry.create_system = 3
    entry.external_attr = 0o100755 << 16
    entry.compress_type = zipfile.ZIP_DEFLATED
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr(entry, binary, compresslevel=level)


def machine_of(path: Path) -> int:
    """Reads e_machine of the zipped binary."""
    with zipfile.ZipFile(path) as archive, archive.open("bootstrap") as binary:
        return int.from_bytes(binary.read(20)[18:20], "little")


def check_packaged(architecture: str) -> None:
    """Every zip must exist, for this architecture."""
    _, machine = ARCHITECTURES[architecture]
    for function in functions():
        path = PACKAGE / f"{function}.zip"
        if not path.exists() or machine_of(path) != machine:
            raise Refused(f"{path.name} is not packaged for {architecture}: run `make package ARCH={architecture}`.")


def package(architecture: str) -> None:
    if architecture not in ARCHITECTURES:
        raise Refused(f"ARCH is {architecture!r}: give {' or '.join(ARCHITECTURES)}.")
    target, machine = ARCHITECTURES[architecture]
    check_target(target)
    print(
        f"Building the functions for {architecture}, optimised (about a quarter of an hour the first time)…",
        flush=True,
    )
    names = functions()
    folder = build(target, names)
    shutil.rmtree(PACKAGE, ignore_errors=True)
    PACKAGE.mkdir(parents=True)
    over = []
    print(f"{'zip':<20}{'bytes':>10}{'budget':>11}  sha256")
    for function in names:
        binary = (folder / function / "bootstrap").read_bytes()
        check_binary(function, binary, machine)
        path = PACKAGE / f"{function}.zip"
        zip_binary(binary, path)
        size = path.stat().st_size
        print(f"{function:<20}{size:>10}{BUDGETS[function]:>11}  {hashlib.sha256(path.read_bytes()).hexdigest()[:16]}")
        if size > BUDGETS[function]:
            over.append(function)
    if over:
        raise Refused(
            f"Over budget: {', '.join(over)}. Find the cause (`cargo tree -p {over[0]}`), or raise the budget in infra/budgets.json and say why."
        )


def package_debug() -> None:
    """Zips the binaries of `make build` for the emulator. `make deploy` builds its own zips."""
    folder = Path(os.environ.get("CARGO_TARGET_DIR", ROOT / "target")) / "debug"
    shutil.rmtree(PACKAGE, ignore_errors=True)
    PACKAGE.mkdir(parents=True)
    for function in functions():
        stripped = PACKAGE / "bootstrap"
        subprocess.run(["strip", "-o", stripped, folder / function], check=True)
        zip_binary(stripped.read_bytes(), PACKAGE / f"{function}.zip", level=1)
        stripped.unlink()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--arch", default="x86_64")
    parser.add_argument("--debug", action="store_true", help="zip the binaries of `make build`, for the emulator")
    arguments = parser.parse_args()
    try:
        if arguments.debug:
            package_debug()
        else:
            package(arguments.arch)
    except Refused as refusal:
        print(refusal, file=sys.stderr)
        sys.exit(2)


if __name__ == "__main__":
    main()
