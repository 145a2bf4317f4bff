"""What a package must and must not contain."""

import re
import shutil
import subprocess
import sys
import zipfile

import package
import pytest

LOCAL_STACK = package.ROOT / "target/debug/seatkeeper-local"
X86_64 = package.ARCHITECTURES["x86_64"][1]


def elf(machine: int, *strings: bytes) -> bytes:
    return b"\x7fELF" + bytes(14) + machine.to_bytes(2, "little") + b"\0".join((b"GLIBC_2.17", *strings))


def test_the_same_binary_gives_the_same_zip(tmp_path):
    for name in ("a", "b"):
        package.zip_binary(elf(X86_64), tmp_path / name)
    assert (tmp_path / "a").read_bytes() == (tmp_path / "b").read_bytes()
    with zipfile.ZipFile(tmp_path / "a") as archive:
        (entry,) = archive.infolist()
    assert entry.filename == "bootstrap"
    assert entry.external_attr >> 16 == 0o100755


def test_a_good_binary_passes():
    package.check_binary("f", elf(X86_64), X86_64)


@pytest.mark.parametrize(
    ("binary", "says"),
    [
        (elf(183), "architecture"),
        (b"#!/bin/sh", "architecture"),
        (elf(X86_64, b"GLIBC_2.38"), "needs glibc 2.38"),
        (elf(X86_64, b"seatkeeper-local"), "development issuer"),
    ],
)
def test_an_unusable_binary_is_refused(binary, says):
    with pytest.raises(package.Refused, match=says):
        package.check_binary("f", binary, X86_64)


def test_the_local_stack_contains_every_string_of_the_development_issuer():
    """Otherwise the search for these strings in the packages proves nothing."""
    binary = LOCAL_STACK.read_bytes()
    assert [text for text in package.DEVELOPMENT_ISSUER if text not in binary] == []


def test_every_function_has_a_budget():
    assert package.BUDGETS.keys() == set(package.functions())


def test_a_folder_with_a_space_in_its_path_is_refused(monkeypatch, tmp_path):
    monkeypatch.setenv("CARGO_TARGET_DIR", str(tmp_path / "a folder"))
    with pytest.raises(package.Refused, match="space in a path"):
        package.build("x86_64-unknown-linux-gnu", ["deal-seats"])


def test_rust_without_the_target_says_how_to_add_it():
    with pytest.raises(package.Refused, match=r"rustup target add --toolchain \S+ wasm32-none-none"):
        package.check_target("wasm32-none-none")


def test_another_compiler_would_give_other_bytes(monkeypatch):
    monkeypatch.setattr(package, "TOOLCHAIN", "1.0.0")
    # Where there is a network, rustup would install it.
    monkeypatch.setenv("RUSTUP_AUTO_INSTALL", "0")
    with pytest.raises(package.Refused, match=r"rustup toolchain install 1\.0\.0"):
        package.check_target("x86_64-unknown-linux-gnu")


def test_the_compiler_of_the_zips_can_build_the_workspace():
    [oldest] = re.findall(r'^rust-version = "(.*)"', (package.ROOT / "Cargo.toml").read_text(), re.MULTILINE)
    assert [*map(int, package.TOOLCHAIN.split("."))] >= [*map(int, oldest.split("."))]


@pytest.mark.parametrize("folder", ["infra", "infra/lists", "tests/cloud", "tests/api"])
def test_each_python_package_has_its_hashes_and_no_list_names_a_registry(folder):
    lines = (package.ROOT / folder / "requirements.txt").read_text().splitlines()
    packages = [line for line in lines if "==" in line]
    assert packages
    assert all(line.endswith(" \\") for line in packages)
    assert not [line for line in lines if line.startswith("-") or "://" in line]


def test_no_script_of_a_package_runs_when_it_is_installed():
    files = [package.ROOT / "Makefile", *(package.ROOT / ".github").rglob("*.yml")]
    text = "\n".join(file.read_text() for file in files)
    installs = re.findall(r"^.*(?:pip install|npm ci).*$", text, re.MULTILINE)
    assert len(installs) == 5
    assert not [one for one in installs if "--only-binary :all:" not in one and "npm ci --ignore-scripts" not in one]


def test_an_unknown_architecture_is_refused():
    with pytest.raises(package.Refused, match="x86_64 or arm64"):
        package.package("riscv")


def test_the_emulators_zips_hold_the_development_build(monkeypatch, tmp_path):
    (tmp_path / "debug").mkdir()
    shutil.copy(sys.executable, tmp_path / "debug/f")
    monkeypatch.setenv("CARGO_TARGET_DIR", str(tmp_path))
    monkeypatch.setattr(package, "PACKAGE", tmp_path / "package")
    monkeypatch.setattr(package, "functions", lambda: ["f"])
    package.package_debug()
    assert [path.name for path in package.PACKAGE.iterdir()] == ["f.zip"]
    with zipfile.ZipFile(package.PACKAGE / "f.zip") as archive:
        archive.extract("bootstrap", tmp_path)
    (tmp_path / "bootstrap").chmod(0o755)
    assert subprocess.run([tmp_path / "bootstrap", "--version"], check=False).returncode == 0
