"""`scripts/setup.mjs`: what runs between `npm start` and its command."""

from __future__ import annotations

import hashlib
import json
import os
import platform
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tests.support.project import PROJECT

NODE_PLATFORM = (sys.platform, {"x86_64": "x64", "aarch64": "arm64"}.get(platform.machine(), platform.machine()))
REQUIREMENTS = {"run": "requirements-run.txt", "dev": "requirements-dev.txt"}
USAGE = "Usage: setup.mjs [--for run|dev] [-- command …]"
OPTIONAL = "--include=optional"
ALL = f"--include=dev {OPTIONAL}"
COUNTING = """
import signal, sys, time
seen = []
signal.signal(signal.SIGTERM, lambda number, frame: seen.append(number))
print("ready", flush=True)
until = time.monotonic() + 20
while not seen and time.monotonic() < until:
    time.sleep(0.02)
time.sleep(0.5)
print(len(seen), flush=True)
sys.exit(42)
"""


@pytest.fixture
def clone(tmp_path: Path) -> Path:
    """A checkout whose stamps say that everything is set up; its .venv is this Python."""
    shutil.copytree(PROJECT / "scripts", tmp_path / "scripts")
    for name in ("package.json", "package-lock.json", *REQUIREMENTS.values()):
        shutil.copyfile(PROJECT / name, tmp_path / name)
    (tmp_path / ".venv/bin").mkdir(parents=True)
    python = tmp_path / ".venv/bin/python"
    python.write_text(f'#!/bin/sh\nexec "{sys.executable}" "$@"\n')
    python.chmod(0o755)
    (tmp_path / "node_modules").mkdir()
    write_stamps(tmp_path, "run", "dev")
    return tmp_path


def test_prints_nothing_when_nothing_is_missing(clone: Path) -> None:
    """Only the command's output, and its exit code."""
    done = set_up(clone, "--", "python", "-c", "print('{}'); raise SystemExit(7)")
    assert (done.returncode, done.stdout, done.stderr) == (7, "{}\n", "")


def test_a_signal_that_comes_twice_reaches_the_command_once(clone: Path) -> None:
    """A Ctrl-C comes from the terminal and again from npm, within milliseconds."""
    process = subprocess.Popen(
        ["node", "scripts/setup.mjs", "--", "python", "-c", COUNTING], cwd=clone, stdout=subprocess.PIPE, text=True
    )
    assert process.stdout is not None
    assert process.stdout.readline() == "ready\n"
    process.send_signal(signal.SIGTERM)
    process.send_signal(signal.SIGTERM)
    output, _ = process.communicate(timeout=30)
    assert (output, process.returncode) == ("1\n", 42)


def test_ends_as_the_command_ends(clone: Path) -> None:
    done = set_up(clone, "--", "python", "-c", "import os, signal; os.kill(os.getpid(), signal.SIGKILL)")
    assert done.returncode == -signal.SIGKILL


def test_a_command_that_outlives_npm_is_ended(clone: Path) -> None:
    """When npm or its shell is killed, the command still gets a signal."""
    shell = subprocess.Popen(
        ["sh", "-c", f"node scripts/setup.mjs -- python -c '{COUNTING}' > output; true"], cwd=clone
    )
    output = clone / "output"
    wait_for(lambda: output.exists() and "ready" in output.read_text())
    shell.kill()
    shell.wait()
    wait_for(lambda: output.read_text() == "ready\n1\n")


@pytest.mark.parametrize(
    ("python", "output"),
    [
        ("/nowhere/python", "PYTHON=/nowhere/python does not run; Python 3.11 or newer is needed"),
        ("old", "is Python 3.9.1; Python 3.11 or newer is needed"),
        ("bare", "its venv module is missing. On Debian and Ubuntu: sudo apt-get install python3.11-venv"),
    ],
)
def test_an_unsuitable_python_is_named_with_a_remedy(clone: Path, python: str, output: str) -> None:
    for name, script in {"old": "echo 3.9.1; echo venv", "bare": "echo 3.11.2; exit 1"}.items():
        (clone / name).write_text(f"#!/bin/sh\n{script}\n")
        (clone / name).chmod(0o755)
    done = set_up(clone, "--", "python", "--version", PYTHON=str(clone / python) if "/" not in python else python)
    assert done.returncode == 1
    assert output in done.stderr
    assert done.stdout == ""


def test_a_node_that_is_too_old_is_named(clone: Path) -> None:
    package = json.loads((clone / "package.json").read_text())
    package["engines"]["node"] = ">=99.1"
    (clone / "package.json").write_text(json.dumps(package))
    done = set_up(clone, "--", "python", "--version")
    assert done.returncode == 1
    assert "Node 99.1 or newer is needed; this is" in done.stderr


def test_a_failed_install_shows_the_output_of_pip(clone: Path) -> None:
    """It leaves no stamp, so the next run tries again. The lock of a dead set-up does not block it."""
    (clone / "requirements-dev.txt").write_text("no-such-package-anywhere==0 --hash=sha256:0\n")
    (clone / "build").mkdir()
    (clone / "build/setup.lock").write_text("999999999")
    done = set_up(clone, "--", "python", "--version", PIP_NO_INDEX="1")
    assert done.returncode == 1
    assert "Python packages" in done.stderr
    assert "failed (exit code" in done.stderr
    assert "ERROR" in done.stderr
    assert not (clone / "build/setup.lock").exists()
    assert done.stdout == ""


def test_running_installs_less_than_developing(clone: Path) -> None:
    """First run, then dev on top of it; what dev installs is enough for run."""
    replace_installers(clone)
    found = {"PATH": f"{clone}{os.pathsep}{os.environ['PATH']}", "npm_execpath": ""}
    write_stamps(clone)
    assert set_up(clone, "--for", "run", "--", "true", **found).returncode == 0
    assert installed(clone) == [f"npm ci --omit=dev {OPTIONAL}", "pip requirements-run.txt"]
    assert set_up(clone, "--for", "run", "--", "true", **found).stderr == ""
    assert set_up(clone, "--for", "dev", "--", "true", **found).returncode == 0
    assert installed(clone) == [f"npm install --no-save {ALL}", "pip requirements-dev.txt"]
    assert set_up(clone, "--for", "run", "--", "true", **found).stderr == ""
    assert set_up(clone, "--", "true", **found).stderr == ""
    assert installed(clone) == []


def test_settings_of_the_shell_leave_no_package_out(clone: Path) -> None:
    """What is wanted is said in npm's arguments; what remains of the shell's settings goes no further."""
    (clone / "npm").write_text(
        f'#!/bin/sh\necho "npm $* [$NODE_ENV$npm_config_omit$npm_config_json]" > "{clone}/ran"\n'
    )
    (clone / "npm").chmod(0o755)
    (clone / "node_modules/.pilotlight-stamp").unlink()
    (clone / "node_modules").rmdir()
    shell = {"NODE_ENV": "production", "npm_config_omit": "dev", "npm_config_json": "true", "npm_execpath": ""}
    done = set_up(clone, "--", "true", PATH=f"{clone}{os.pathsep}{os.environ['PATH']}", **shell)
    assert done.returncode == 0, done.stderr
    assert (clone / "ran").read_text() == f"npm ci {ALL} --no-audit --no-fund --loglevel=error []\n"


@pytest.mark.parametrize(
    ("home", "cache", "used"),
    [("/dev/null", "/dev/null/.npm", "build/home/.npm"), ("/dev/null", "/mine", "/mine"), (".", "./.npm", "./.npm")],
)
def test_npm_keeps_its_cache_elsewhere_where_home_is_not_writable(
    clone: Path, home: str, cache: str, used: str
) -> None:
    """npm tells its scripts where its cache is."""
    (clone / "npm").write_text(f'#!/bin/sh\necho "$npm_config_cache" > "{clone}/ran"\n')
    (clone / "npm").chmod(0o755)
    write_stamps(clone)
    replace_pip(clone)
    shell = {"HOME": home, "npm_config_cache": cache, "npm_execpath": ""}
    done = set_up(clone, "--", "true", PATH=f"{clone}{os.pathsep}{os.environ['PATH']}", **shell)
    assert done.returncode == 0, done.stderr
    assert (clone / "ran").read_text().strip() == (str(clone / used) if used.startswith("build") else used)


def test_the_command_finds_its_modules_and_speaks_utf_8_whatever_the_shell_says(clone: Path) -> None:
    (clone / "mine.py").write_text("import sys; print(sys.flags.utf8_mode, '\u2714')", encoding="utf-8")
    shell = {"PYTHONSAFEPATH": "1", "PYTHONHOME": "/nowhere", "LC_ALL": "C", "PYTHONUTF8": "0"}
    done = set_up(clone, "--", "python", "-m", "mine", **shell)
    assert (done.returncode, done.stdout) == (0, "1 \u2714\n"), done.stderr


def test_the_python_of_the_deployed_runtime_is_taken_where_there_is_one(clone: Path) -> None:
    """Also one that a version manager keeps and that is not selected."""
    shutil.rmtree(clone / ".venv")
    kept = clone / "pyenv/versions/3.13.5/bin"
    kept.mkdir(parents=True)
    (clone / "serverless.yml").write_text("provider:\n  runtime: python3.13 # as on AWS\n")
    python = kept / "python3.13"
    python.write_text(
        f'#!/bin/sh\n[ "$2" = venv ] && echo "$0" > "{clone}/made-by" && exit 1\necho 3.13.5; echo venv\n'
    )
    python.chmod(0o755)
    programs = clone / "bin"
    programs.mkdir()
    for name in ("node", "sh", "python3"):
        (programs / name).symlink_to(shutil.which(name) or name)
    done = set_up(clone, "--", "true", PYENV_ROOT=str(clone / "pyenv"), PATH=str(programs))
    assert "Python 3.13.5 virtual environment" in done.stderr
    assert (clone / "made-by").read_text() == f"{python}\n"


def test_a_folder_that_may_only_be_read_is_an_error_in_one_line(clone: Path) -> None:
    (clone / "requirements-dev.txt").write_text("changed\n")
    clone.chmod(0o555)
    unprivileged = ["setpriv", "--bounding-set=-dac_override"] if os.getuid() == 0 else []
    command = [*unprivileged, "node", "scripts/setup.mjs", "--", "true"]
    try:
        done = subprocess.run(command, cwd=clone, capture_output=True, text=True, check=False, timeout=60)
    finally:
        clone.chmod(0o755)
    assert done.returncode == 1
    remedy = "run it as the owner of this folder, or in a copy of your own."
    assert done.stderr == f"error: {clone}/build cannot be written (EACCES): {remedy}\n"


def test_what_npm_took_for_itself_is_not_deployed_to_another_stage(clone: Path) -> None:
    """`npm run deploy --stage prod`: npm leaves `prod`."""
    shell = {"npm_config_stage": "true", "npm_lifecycle_event": "deploy"}
    done = set_up(clone, "--for", "run", "--", "sls", "deploy", "prod", **shell)
    assert done.returncode == 2
    assert done.stderr == ("error: npm took --stage for itself: put `--` before, as in `npm run deploy -- --stage …`\n")


def test_every_script_says_what_it_is_for() -> None:
    """npm lists scripts without descriptions."""
    package = json.loads((PROJECT / "package.json").read_text())
    assert list(package["verbs"]) == list(package["scripts"])
    done = subprocess.run(["node", "scripts/help.mjs"], cwd=PROJECT, capture_output=True, text=True, check=True)
    lines = done.stdout.splitlines()
    for name, purpose in package["verbs"].items():
        assert any(line.split("  ")[1] in (f"npm {name}", f"npm run {name}") and purpose in line for line in lines)
    assert max(map(len, lines)) <= 100


def test_npx_takes_the_projects_own_sls_and_fetches_no_other(clone: Path, tmp_path: Path) -> None:
    """On a fresh clone, also below its folder; offline, so that whatever npx fetched would fail."""
    (clone / "node_modules/.bin").mkdir()
    tool = clone / "node_modules/.bin/tool-that-setup-runs"
    tool.write_text('#!/bin/sh\necho "$PWD: $*"\n')
    tool.chmod(0o755)
    program = (clone / "scripts/sls.mjs").read_text()
    assert "'--', 'sls'" in program
    (clone / "scripts/sls.mjs").write_text(program.replace("'--', 'sls'", "'--', 'tool-that-setup-runs'"))
    (clone / "tests").mkdir()
    done = subprocess.run(
        ["npx", "sls", "deploy", "--stage", "prod"],
        cwd=clone / "tests",
        env={"PATH": os.environ["PATH"], "HOME": str(tmp_path), "npm_config_offline": "true"},
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    assert (done.returncode, done.stdout) == (0, f"{clone}: deploy --stage prod\n"), done.stderr


def test_scripts_of_the_deploy_tool_install_it_first() -> None:
    scripts = json.loads((PROJECT / "package.json").read_text())["scripts"]
    for name in ("deploy", "warm", "invoke", "logs", "remove"):
        assert scripts[name] == f"exec node scripts/setup.mjs --for run -- sls {name}"


def test_a_changed_lock_is_installed_again(clone: Path) -> None:
    replace_installers(clone)
    found = {"PATH": f"{clone}{os.pathsep}{os.environ['PATH']}", "npm_execpath": ""}
    for name in ("package-lock.json", "requirements-dev.txt"):
        (clone / name).write_text((clone / name).read_text() + "\n")
    assert set_up(clone, "--for", "dev", **found).returncode == 0
    assert installed(clone) == [f"npm ci {ALL}", "pip requirements-dev.txt"]


@pytest.mark.parametrize("arguments", [["--for"], ["--for", "fun"], ["--fro", "run"], ["--for", "run", "dev"]])
def test_unknown_arguments_are_wrong_usage(clone: Path, arguments: list[str]) -> None:
    done = set_up(clone, *arguments, "--", "true")
    assert done.returncode == 2
    assert done.stderr == f"error: unknown arguments: {' '.join(arguments)}. {USAGE}\n"


def test_lock_refuses_unknown_arguments(clone: Path) -> None:
    done = subprocess.run(
        ["node", "scripts/lock.mjs", "--all"], cwd=clone, capture_output=True, text=True, check=False, timeout=30
    )
    assert done.returncode == 2
    assert done.stderr == "error: unknown arguments: --all. Usage: npm run lock [-- --upgrade]\n"


def set_up(clone: Path, *arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        ["node", "scripts/setup.mjs", *arguments],
        cwd=clone,
        env={**{name: value for name, value in os.environ.items() if name != "PYTHON"}, **environment},
        encoding="utf-8",
        capture_output=True,
        check=False,
        timeout=120,
    )


def write_stamps(clone: Path, *groups: str) -> None:
    """Write the stamps of installations for `groups`."""

    def digest(name: str) -> str:
        return hashlib.sha256((clone / name).read_bytes()).hexdigest()

    version = ".".join(map(str, sys.version_info[:3]))
    node = [" ".join([group, digest("package-lock.json"), *NODE_PLATFORM]) for group in groups]
    python = [f"{group} {digest(REQUIREMENTS[group])} {version}" for group in groups]
    (clone / "node_modules/.pilotlight-stamp").write_text("\n".join(node) + "\n")
    (clone / ".venv/.pilotlight-stamp").write_text("\n".join(python) + "\n")


def replace_installers(clone: Path) -> None:
    """Replace npm and pip with scripts that install nothing and write their arguments to `installed`."""
    (clone / "npm").write_text(f'#!/bin/sh\necho "npm $*" >> "{clone}/installed"\n')
    (clone / "npm").chmod(0o755)
    replace_pip(clone)


def replace_pip(clone: Path) -> None:
    python = f"""#!/bin/sh
[ "$1 $2 $3" = "-m pip install" ] || exec "{sys.executable}" "$@"
for last; do :; done
echo "pip ${{last##*/}}" >> "{clone}/installed"
"""
    (clone / ".venv/bin/python").write_text(python)


def installed(clone: Path) -> list[str]:
    """Return the arguments of the replaced installers, without the options that never vary."""
    file = clone / "installed"
    lines = file.read_text().splitlines() if file.exists() else []
    file.unlink(missing_ok=True)
    return [line.removesuffix(" --no-audit --no-fund --loglevel=error") for line in lines]


def wait_for(condition: object, seconds: float = 20) -> None:
    assert callable(condition)
    until = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < until
        time.sleep(0.05)
