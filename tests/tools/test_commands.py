"""The command `pilotlight`: subcommands, exit codes, what it loads; and how messages name commands."""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

import pilotlight
from pilotlight_tools.__main__ import main
from pilotlight_tools.commands import command, parse_options, path_given, program_name
from tests.support.project import PROJECT

INSTALLED = "/home/marie/.venv/bin/pilotlight"
REPOSITORY = "/home/marie/shop/pilotlight_tools/latency/__main__.py"
LOADED = """
import json, sys
from pilotlight_tools.__main__ import main
try:
    main(sys.argv[1:])
except SystemExit as ended:
    print(json.dumps([ended.code, sorted({name.split(".")[0] for name in sys.modules})]), file=sys.stderr)
"""


@pytest.mark.parametrize(
    ("program", "called", "in_usage"),
    [
        (INSTALLED, "pilotlight latency --stage prod", "pilotlight latency"),
        ("C:/Scripts/pilotlight.exe", "pilotlight latency --stage prod", "pilotlight latency"),
        ("/site-packages/pilotlight_tools/__main__.py", "pilotlight latency --stage prod", "pilotlight latency"),
        (REPOSITORY, "npm run latency -- --stage prod", "npm run latency --"),
    ],
)
def test_a_command_is_named_as_it_was_started(program: str, called: str, in_usage: str) -> None:
    assert command("latency", "--stage", "prod", program=program) == called
    assert program_name("latency", program=program) == in_usage
    assert (command("start", program=program) == "npm start") is (program == REPOSITORY)


def test_the_repositorys_names_are_scripts_of_package_json() -> None:
    scripts = json.loads((PROJECT / "package.json").read_text())["scripts"]
    for name in ("start", "latency", "cost"):
        assert command(name, program=REPOSITORY) in ("npm start", f"npm run {name}")
        assert name in scripts


TAKEN = {"npm_lifecycle_event": "latency", "npm_config_stage": "true", "npm_config_no_wait": "", "npm_config_json": ""}


def parser() -> argparse.ArgumentParser:
    made = argparse.ArgumentParser()
    of_command = made.add_subparsers().add_parser("start")
    for each in (made, of_command):
        each.add_argument("--json", action="store_true")
    of_command.add_argument("--stage")
    made.add_argument("--requests-per-month")
    return made


def test_what_npm_took_is_wrong_usage_with_the_right_line(capsys: pytest.CaptureFixture[str]) -> None:
    """Of `npm run latency --stage prod` npm leaves `prod`."""
    with pytest.raises(SystemExit) as ended:
        parse_options(parser(), ["start", "prod"], TAKEN)
    assert ended.value.code == 2
    assert capsys.readouterr().err == (
        "error: npm took --stage for itself: put `--` before, as in `npm run latency -- --stage …`\n"
    )
    with pytest.raises(SystemExit):
        parse_options(parser(), [], {"npm_lifecycle_event": "start", "npm_config_requests_per_month": "true"})
    assert "as in `npm start -- --requests-per-month …`" in capsys.readouterr().err


def test_what_was_given_after_the_dashes_is_taken_as_it_is() -> None:
    assert parse_options(parser(), ["start", "--stage=prod"], TAKEN).stage == "prod"
    assert parse_options(parser(), ["start"], {"npm_config_stage": "true"}).stage is None, "not started by npm"


def test_a_path_is_the_users_where_npm_has_changed_the_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("INIT_CWD", "/home/marie/shop/tests")
    monkeypatch.setenv("npm_package_json", "/somewhere/else/package.json")
    assert path_given("a") == Path("a")
    monkeypatch.setenv("npm_package_json", str(tmp_path / "package.json"))
    assert path_given("../a") == Path("/home/marie/shop/tests/../a")
    assert path_given("/a") == Path("/a")


@pytest.mark.parametrize("name", ["latency", "cost", "policies", "local start", "local demo"])
def test_usage_names_the_command_as_people_type_it(name: str) -> None:
    module, *subcommand = name.split()
    command = [sys.executable, "-m", f"pilotlight_tools.{module}", *subcommand, "--help"]
    printed = subprocess.run(command, cwd=PROJECT, capture_output=True, text=True, check=True).stdout
    assert printed.startswith("usage: npm start --" if "start" in name else f"usage: npm run {name.split()[-1]} --")


def test_help_names_each_subcommand(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        main(["--help"])
    printed = capsys.readouterr().out
    assert ended.value.code == 0
    assert all(f"    {name} " in printed for name in ("latency", "cost", "start"))


@pytest.mark.parametrize("arguments", [[], ["nothing"], ["latency"], ["cost", "--nothing"], ["start", "--port", "x"]])
def test_wrong_usage_is_2(arguments: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        main(arguments)
    assert ended.value.code == 2
    assert "error: " in capsys.readouterr().err


def test_the_version_is_the_packages(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        main(["--version"])
    assert capsys.readouterr().out == f"pilotlight {pilotlight.__version__}\n"


@pytest.mark.parametrize(
    ("arguments", "needless"),
    [
        (["--help"], {"boto3", "rich", "requests", "aiohttp", "yaml", "ministack"}),
        (["cost", "--help"], {"boto3", "requests", "aiohttp", "ministack"}),
        (["start", "--help"], {"boto3", "rich", "requests", "aiohttp", "ministack"}),
        (["latency", "--help"], {"requests", "aiohttp", "ministack"}),
    ],
)
def test_a_subcommand_loads_what_it_needs(arguments: list[str], needless: set[str]) -> None:
    done = subprocess.run(
        [sys.executable, "-c", LOADED, *arguments], cwd=PROJECT, capture_output=True, text=True, check=True
    )
    code, modules = json.loads(done.stderr)
    assert code == 0
    assert needless & set(modules) == set()


def test_a_missing_module_is_an_error_with_a_remedy() -> None:
    # -S leaves out site-packages: a Python in which nothing was installed.
    done = subprocess.run(
        [sys.executable, "-S", "-m", "pilotlight_tools", "latency", "--stage", "x"],
        cwd=PROJECT, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 1
    assert done.stderr.startswith("error: ")
    assert f"-m pip install pilotlight-cli=={pilotlight.__version__}`" in done.stderr
    assert len(done.stderr.splitlines()) == 1


@pytest.mark.parametrize("options", [[], ["--json"]])
def test_a_reader_that_leaves_ends_the_command_without_a_traceback(options: list[str]) -> None:
    """As `head` does: here nobody reads at all."""
    reading, writing = os.pipe()
    os.close(reading)
    try:
        done = subprocess.run(
            [sys.executable, "-m", "pilotlight_tools", "cost", *options],
            cwd=PROJECT, stdout=writing, stderr=subprocess.PIPE, text=True, check=False,
        )  # fmt: skip
    finally:
        os.close(writing)
    assert (done.returncode, done.stderr) == (1, "")
