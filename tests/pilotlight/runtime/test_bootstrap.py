"""The wrapper: it starts the lean client where all is as expected, and Lambda's own runtime everywhere else."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Callable, Mapping
from pathlib import Path

import pytest

from pilotlight_tools.local.runtime.sandbox import command_line
from tests.pilotlight.runtime.both import Event, run, task_folder
from tests.support.project import PROJECT

ASKING = """
import sys
def handler(event, context):
    return "lean" if "pilotlight.runtime.loop" in sys.modules else "managed"
"""
ASIDE = "[WARNING] pilotlight: Lambda's own runtime client runs, not the lean one: "


def answer_and_log(folder: Path, variables: Mapping[str, str | None] | None = None) -> tuple[str, str]:
    """Which client ran the function in this folder, and what stands in its log."""
    done = run("lean", task_folder(folder, {"function.py": ASKING}), [Event()], variables=variables)
    return done.posted[0].body.decode().strip('"'), done.log


def test_the_lean_client_runs_and_says_nothing(tmp_path: Path) -> None:
    assert answer_and_log(tmp_path) == ("lean", "")


@pytest.mark.parametrize(
    "variables",
    [
        {"AWS_LAMBDA_LOG_FORMAT": "json"},
        {"AWS_LAMBDA_LOG_FORMAT": "TEXT"},
        {"AWS_LAMBDA_INITIALIZATION_TYPE": "provisioned-concurrency"},
        {"PYTHONPATH": "/tmp"},
        {"HOME": "/tmp"},
    ],
)
def test_it_runs_with_other_variables_that_it_knows(variables: dict[str, str | None], tmp_path: Path) -> None:
    assert answer_and_log(tmp_path, variables) == ("lean", "")


@pytest.mark.parametrize(
    ("variables", "why"),
    [
        (
            {"AWS_LAMBDA_INITIALIZATION_TYPE": "lambda-managed-instances"},
            "the initialization type is 'lambda-managed-instances'",
        ),
        ({"AWS_LAMBDA_INITIALIZATION_TYPE": None}, "the initialization type is ''"),
        ({"AWS_LAMBDA_LOG_FORMAT": "XML"}, "the log format 'XML' is unknown"),
        ({"AWS_EXECUTION_ENV": "AWS_Lambda_python3.10"}, "is not the Python of 'AWS_Lambda_python3.10'"),
        ({"LAMBDA_RUNTIME_DIR": None}, "the variable LAMBDA_RUNTIME_DIR is missing"),
    ],
)
def test_lambdas_own_runtime_runs_where_a_variable_is_not_as_expected(
    variables: dict[str, str | None], why: str, tmp_path: Path
) -> None:
    if "LAMBDA_RUNTIME_DIR" in variables:  # the managed bootstrap needs it too, unless there is a PYTHONPATH
        variables = {**variables, "PYTHONPATH": "/tmp"}
    which, log = answer_and_log(tmp_path, variables)
    assert which == "managed"
    assert log.startswith(ASIDE)
    assert log.endswith(f"{why}\n")
    assert log.count("\n") == 1


@pytest.mark.parametrize(
    ("variables", "why"),
    [
        ({"AWS_LAMBDA_MAX_CONCURRENCY": "8"}, "this execution environment may serve several invocations at once"),
        ({"AWS_LAMBDA_MAX_CONCURRENCY": ""}, "this execution environment may serve several invocations at once"),
        ({"AWS_LAMBDA_INITIALIZATION_TYPE": "snap-start"}, "the initialization type is 'snap-start'"),
        ({"AWS_LAMBDA_RUNTIME_API": "localhost:9001"}, "'localhost:9001' is not an IPv4 address"),
        ({"AWS_LAMBDA_RUNTIME_API": "[::1]:9001"}, "'[::1]:9001' is not an IPv4 address"),
        ({"AWS_LAMBDA_RUNTIME_API": None}, "the variable AWS_LAMBDA_RUNTIME_API is missing"),
        ({"_HANDLER": None}, "the variable _HANDLER is missing"),
        ({"LAMBDA_TASK_ROOT": None}, "the variable LAMBDA_TASK_ROOT is missing"),
        ({"AWS_EXECUTION_ENV": None}, "/var/lang/bin/python3.13 is not the Python of ''"),
    ],
)
def test_the_managed_command_line_is_started_unchanged(
    variables: dict[str, str | None], why: str, tmp_path: Path
) -> None:
    done = _wrapper(tmp_path, ["/var/lang/bin/python3.13", "/var/runtime/bootstrap.py"], variables)
    assert done.stderr == f"{ASIDE}{why}\n"
    assert done.stdout.splitlines() == ["python3.13", "/var/runtime/bootstrap.py"]


@pytest.mark.parametrize(
    ("command", "why"),
    [
        (
            ["/var/lang/bin/python3.15", "/var/runtime/bootstrap.py"],
            "/var/lang/bin/python3.15 is none of the Pythons 3.11 to 3.14",
        ),
        (
            ["/var/lang/bin/python3.13", "-X", "dev", "/var/runtime/bootstrap.py"],
            "its command line has 4 words and not two",
        ),
        (["/usr/bin/node", "index.js"], "/usr/bin/node is not the Python of"),
    ],
)
def test_another_command_line_is_started_unchanged(command: list[str], why: str, tmp_path: Path) -> None:
    name = command[0].rpartition("/")[2]
    variables = {} if name == "node" else {"AWS_EXECUTION_ENV": f"AWS_Lambda_{name}"}
    done = _wrapper(tmp_path, command, variables)
    assert done.stderr.startswith(ASIDE + why)
    assert done.stdout.splitlines() == [name, *command[1:]]


@pytest.mark.parametrize("name", ["own.pth", "sitecustomize.py", "usercustomize.py"])
def test_lambdas_own_runtime_runs_where_python_would_run_a_file_at_its_start(name: str, tmp_path: Path) -> None:
    """The managed bootstrap runs a .pth file of the task root."""
    (tmp_path / name).write_text("import sys; print('ran', file=sys.stderr)\n")
    which, log = answer_and_log(tmp_path)
    assert which == "managed"
    assert f"{ASIDE}{tmp_path / name} runs when Python starts\n" in log
    assert ("ran" in log) == name.endswith(".pth")


@pytest.mark.parametrize("place", ["python/own.pth", "python/lib/python3.13/site-packages/sitecustomize.py"])
def test_the_same_holds_for_a_layer(place: str, tmp_path: Path) -> None:
    layer = tmp_path / "opt" / place
    layer.parent.mkdir(parents=True)
    layer.write_text("")
    done = _wrapper(
        tmp_path, ["/var/lang/bin/python3.13", "/var/runtime/bootstrap.py"], {}, in_place_of_opt=tmp_path / "opt"
    )
    assert done.stderr == f"{ASIDE}{layer} runs when Python starts\n"


def test_the_same_holds_for_a_client_that_is_incomplete(tmp_path: Path) -> None:
    task_folder(tmp_path, {})
    (tmp_path / "pilotlight" / "runtime" / "start.py").unlink()
    which, log = answer_and_log(tmp_path)
    assert (which, log.startswith(ASIDE)) == ("managed", True)
    assert "start.py is missing" in log


def test_a_wrapper_without_its_execute_bit_ends_as_on_lambda(tmp_path: Path) -> None:
    task_folder(tmp_path, {})
    (tmp_path / "pilotlight" / "runtime" / "bootstrap").chmod(0o644)
    done = run("lean", task_folder(tmp_path, {"function.py": ASKING}), [Event()])
    assert (done.status, done.posted) == (126, [])


def test_the_bootstrap_may_be_executed_and_any_posix_shell_reads_it(tmp_path: Path) -> None:
    path = PROJECT / "pilotlight" / "runtime" / "bootstrap"
    assert os.access(path, os.X_OK)
    task_folder(tmp_path, {})
    shells = [found for found in map(shutil.which, ("dash", "bash", "busybox")) if found]
    for shell in shells:
        subprocess.run([shell, *(["sh"] if "busybox" in shell else []), "-n", path], check=True)


@pytest.mark.skipif(shutil.which("bash") is None, reason="Lambda's sh is bash, which this machine has not")
def test_it_works_with_bash_as_on_lambda(tmp_path: Path) -> None:
    bootstrap = task_folder(tmp_path, {}) / "pilotlight" / "runtime" / "bootstrap"
    bootstrap.write_text(bootstrap.read_text().replace("#!/bin/sh", f"#!{shutil.which('bash')} --posix", 1))
    assert answer_and_log(tmp_path) == ("lean", "")


@pytest.mark.parametrize("change", ["none", "pth", "customize"])
def test_python_runs_site_only_where_it_has_something_to_find(change: str, tmp_path: Path) -> None:
    """A file of Lambda's own packages is no reason to set the lean client aside: Python runs it."""
    packages = tmp_path / "lang" / "lib" / "python3.13" / "site-packages"
    packages.mkdir(parents=True)
    if change != "none":
        (packages / ("some.pth" if change == "pth" else "sitecustomize.py")).touch()
    done = _wrapper(tmp_path, [str(tmp_path / "lang/bin/python3.13"), "/var/runtime/bootstrap.py"], {})
    flags = ["-S"] if change == "none" else []
    start = str(tmp_path / "wrapper" / "start.py")
    assert done.stdout.splitlines() == [
        "python3.13",
        *flags,
        start,
        str(tmp_path / "lang/bin/python3.13"),
        "/var/runtime/bootstrap.py",
    ]
    assert done.stderr == ""


def _wrapper(
    folder: Path, command: list[str], variables: Mapping[str, str | None], in_place_of_opt: Path = Path("/opt")
) -> subprocess.CompletedProcess[str]:
    """Run the wrapper with this command line, of which each program prints the command that it was started by."""
    wrapper = folder / "wrapper"
    wrapper.mkdir()
    text = (PROJECT / "pilotlight" / "runtime" / "bootstrap").read_text()
    text = text.replace("/opt/python", f"{in_place_of_opt}/python")
    (wrapper / "bootstrap").write_text(text.replace('exec "', f'exec {folder}/shown "'))
    (wrapper / "start.py").touch()
    (folder / "shown").write_text('#!/bin/sh\necho "${1##*/}"\nshift\nprintf "%s\\n" "$@"\n')
    (folder / "shown").chmod(0o755)
    environment: dict[str, str | None] = {
        "PATH": os.environ["PATH"],
        "_HANDLER": "function.handler",
        "LAMBDA_TASK_ROOT": str(folder),
        "LAMBDA_RUNTIME_DIR": "/var/runtime",
        "AWS_LAMBDA_RUNTIME_API": "127.0.0.1:9001",
        "AWS_LAMBDA_INITIALIZATION_TYPE": "on-demand",
        "AWS_EXECUTION_ENV": "AWS_Lambda_python3.13",
        **variables,
    }
    kept = {name: value for name, value in environment.items() if value is not None}
    started: Callable[..., subprocess.CompletedProcess[str]] = subprocess.run
    return started(["sh", wrapper / "bootstrap", *command], env=kept, capture_output=True, text=True, check=True)


def test_the_sandbox_starts_what_lambda_starts() -> None:
    command = command_line(Path("/nowhere/python"), {}, Path("/task"))
    assert [Path(word).name for word in command] == ["python", "bootstrap.py"]
