"""What the next developer finds: one version, a workflow that runs the README's command, locks that agree."""

from __future__ import annotations

import re
import tomllib
from typing import Any

import pytest
import yaml

import pilotlight
from tests.support.project import PROJECT

WORKFLOWS = ("ci.yml", "release.yml")
PUBLISHING = ("pypi", "npm")
LOCKS = ("requirements.txt", "requirements-run.txt", "requirements-dev.txt")
ONLY_FOR_DEVELOPING = {
    *(
        "awslambdaric",
        "boto3-stubs",
        "cfn-lint",
        "coverage",
        "hypothesis",
        "matplotlib",
        "moto",
        "mypy",
        "numpy",
    ),
    *("pytest", "ruff", "selenium", "uv"),
}


def test_the_changelog_begins_with_the_version() -> None:
    headings = re.findall(r"^## (\S+)", (PROJECT / "CHANGELOG.md").read_text(), re.MULTILINE)
    assert headings[0] == pilotlight.__version__


@pytest.mark.parametrize("name", ["package.json", "package-lock.json", "pyproject.toml"])
def test_no_other_file_has_a_version_of_its_own(name: str) -> None:
    content = (PROJECT / name).read_text()
    assert not re.search(r'^  "version":|^version *=', content, re.MULTILINE)


@pytest.mark.parametrize("name", WORKFLOWS)
def test_a_workflow_pins_every_action_by_its_commit(name: str) -> None:
    steps = [step for job in workflow(name)["jobs"].values() for step in job.get("steps", [])]
    used = [step["uses"] for step in steps if "uses" in step]
    assert used
    assert [use for use in used if not re.fullmatch(r"[\w-]+/[\w-]+@[0-9a-f]{40}", use)] == []
    named = re.findall(r"uses: (\S+@[0-9a-f]{40}) # v\d+\.\d+\.\d+$", workflow_text(name), re.MULTILINE)
    assert named == used


def test_both_workflows_pin_an_action_to_one_commit() -> None:
    used = {use for name in WORKFLOWS for use in re.findall(r"uses: (\S+@\S+ # \S+)", workflow_text(name))}
    assert len({use.partition("@")[0] for use in used}) == len(used)


def test_the_workflow_runs_what_the_readme_says_with_every_supported_python() -> None:
    job = workflow()["jobs"]["test"]
    (run,) = (step for step in job["steps"] if "run" in step)
    assert run["run"] == "bash .ci/run"
    assert "`.ci/run`" in (PROJECT / "README.md").read_text()
    assert "exec npm test" in (PROJECT / ".ci/run").read_text()
    assert job["strategy"]["matrix"]["python"] == ["3.11", "3.12", "3.13", "3.14"]
    assert run["env"] == {"PYTHON": "python${{ matrix.python }}"}


def test_the_workflow_starts_the_service_on_macos() -> None:
    job = workflow()["jobs"]["macos"]
    assert job["runs-on"].startswith("macos-")
    commands = [step["run"] for step in job["steps"] if "run" in step]
    assert commands[0] == "npm run check"
    assert all((PROJECT / name).is_file() for name in commands[1].split(" -- ")[1].split())


def test_what_is_for_linux_alone_is_not_installed_elsewhere() -> None:
    locked = (PROJECT / "requirements-dev.txt").read_text()
    assert re.search(r"^awslambdaric==\S+ ; sys_platform == 'linux' ", locked, re.MULTILINE)


def test_the_workflow_may_only_read_and_ends_by_itself() -> None:
    whole = workflow()
    assert whole["permissions"] == {"contents": "read"}
    assert whole["concurrency"]["cancel-in-progress"] is True
    assert 0 < whole["jobs"]["test"]["timeout-minutes"] <= 60


def test_a_release_is_built_from_a_tag_of_its_version() -> None:
    whole = workflow("release.yml")
    assert whole[True] == {"push": {"tags": ["v*"]}}, "YAML 1.1 takes `on` for a boolean"
    steps = [step for step in whole["jobs"]["build"]["steps"] if "run" in step]
    assert steps[-1]["run"] == 'npm run build -- --tag "$GITHUB_REF_NAME"'
    assert "SOURCE_DATE_EPOCH=$(git log -1 --format=%ct)" in steps[0]["run"]


def test_a_release_publishes_only_what_passed_every_test() -> None:
    jobs = workflow("release.yml")["jobs"]
    assert jobs["test"]["uses"] == "./.github/workflows/ci.yml"
    assert "workflow_call" in workflow()[True]
    for name in PUBLISHING:
        assert jobs[name]["needs"] == ["test", "build"]
        assert jobs[name]["environment"] == "release"
        assert not any("checkout" in step.get("uses", "") for step in jobs[name]["steps"])


def test_a_release_has_the_least_permissions_and_no_password() -> None:
    whole = workflow("release.yml")
    assert whole["permissions"] == {}
    permissions = {name: job["permissions"] for name, job in whole["jobs"].items()}
    reading, identifying = {"contents": "read"}, {"id-token": "write"}
    assert permissions == {"test": reading, "build": reading} | dict.fromkeys(PUBLISHING, identifying)
    assert "secrets." not in workflow_text("release.yml")
    assert whole["concurrency"]["cancel-in-progress"] is False
    assert all(0 < job["timeout-minutes"] <= 60 for job in whole["jobs"].values() if "steps" in job)


def test_no_step_puts_an_expression_into_a_shell() -> None:
    """A tag's or a branch's name is somebody's text: the shell gets it as a variable."""
    steps = [step for name in WORKFLOWS for job in workflow(name)["jobs"].values() for step in job.get("steps", [])]
    assert [step["run"] for step in steps if "${{" in step.get("run", "")] == []


def test_every_wheel_is_built_by_the_locked_backend() -> None:
    tables = [PROJECT / "pyproject.toml", *(PROJECT / "wheels").glob("*/pyproject.toml")]
    required = [tomllib.loads(table.read_text())["build-system"]["requires"] for table in tables]
    version = dict(pinned("requirements-dev.txt"))["hatchling"]
    assert required == [[f"hatchling=={version}"]] * 3


def test_a_smaller_lock_holds_the_versions_of_the_larger() -> None:
    service, run, dev = (pinned(name) for name in LOCKS)
    assert service < run < dev


def test_running_needs_nothing_that_is_for_developing() -> None:
    groups = tomllib.loads((PROJECT / "pyproject.toml").read_text())["dependency-groups"]
    assert {re.split(r"[^\w-]", each)[0] for each in groups["dev"] if isinstance(each, str)} >= ONLY_FOR_DEVELOPING
    assert packages("requirements-run.txt").isdisjoint(ONLY_FOR_DEVELOPING)
    assert packages("requirements-dev.txt") >= ONLY_FOR_DEVELOPING


@pytest.mark.parametrize("name", [*LOCKS, "package-lock.json"])
def test_no_lock_names_a_registry(name: str) -> None:
    content = (PROJECT / name).read_text()
    assert not re.search(r'"resolved": *"http|^--(index-url|extra-index-url|find-links)|://', _without_funding(content))


def pinned(name: str) -> set[tuple[str, str]]:
    """The packages that a locked file holds, each with its version; some have one for each of several platforms."""
    return set(re.findall(r"^([\w.-]+)==([^\s;]+)", (PROJECT / name).read_text(), re.MULTILINE))


def packages(name: str) -> set[str]:
    """The names of the packages that a locked file holds."""
    return {package for package, _ in pinned(name)}


def workflow_text(name: str = "ci.yml") -> str:
    """A workflow as it is written."""
    return (PROJECT / ".github/workflows" / name).read_text()


def workflow(name: str = "ci.yml") -> Any:
    """A workflow as GitHub reads it."""
    return yaml.safe_load(workflow_text(name))


def _without_funding(content: str) -> str:
    return re.sub(r'"url": *"[^"]*"|"funding": *"[^"]*"|"deprecated": *"[^"]*"', "", content)
