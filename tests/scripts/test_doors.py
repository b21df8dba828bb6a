"""What the next developer finds: one version, a workflow that runs the README's command, locks that agree."""

from __future__ import annotations

import re
import tomllib
from typing import Any

import pytest
import yaml

import pilotlight
from tests.support.project import PROJECT

LOCKS = ("requirements.txt", "requirements-run.txt", "requirements-dev.txt")
ONLY_FOR_DEVELOPING = {
    *("awslambdaric", "boto3-stubs", "cfn-lint", "coverage", "hypothesis", "matplotlib", "moto", "mypy", "numpy"),
    *("pytest", "ruff", "selenium", "uv"),
}


def test_the_changelog_begins_with_the_version() -> None:
    headings = re.findall(r"^## (\S+)", (PROJECT / "CHANGELOG.md").read_text(), re.MULTILINE)
    assert headings[0] == pilotlight.__version__


@pytest.mark.parametrize("name", ["package.json", "package-lock.json", "pyproject.toml"])
def test_no_other_file_has_a_version_of_its_own(name: str) -> None:
    content = (PROJECT / name).read_text()
    assert not re.search(r'^  "version":|^version *=', content, re.MULTILINE)


def test_the_workflow_pins_every_action_by_its_commit() -> None:
    steps = workflow()["jobs"]["test"]["steps"]
    used = [step["uses"] for step in steps if "uses" in step]
    assert used
    assert [use for use in used if not re.fullmatch(r"[\w-]+/[\w-]+@[0-9a-f]{40}", use)] == []
    named = re.findall(r"uses: \S+@[0-9a-f]{40} # v\d+\.\d+\.\d+$", workflow_text(), re.MULTILINE)
    assert len(named) == len(used)


def test_the_workflow_runs_what_the_readme_says_with_every_supported_python() -> None:
    job = workflow()["jobs"]["test"]
    assert [step["run"] for step in job["steps"] if "run" in step] == ["bash .ci/run"]
    assert "`.ci/run`" in (PROJECT / "README.md").read_text()
    assert "exec npm test" in (PROJECT / ".ci/run").read_text()
    assert job["strategy"]["matrix"]["python"] == ["3.11", "3.12", "3.13", "3.14"]


def test_the_workflow_may_only_read_and_ends_by_itself() -> None:
    whole = workflow()
    assert whole["permissions"] == {"contents": "read"}
    assert whole["concurrency"]["cancel-in-progress"] is True
    assert 0 < whole["jobs"]["test"]["timeout-minutes"] <= 60


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


def workflow_text() -> str:
    """The workflow as it is written."""
    return (PROJECT / ".github/workflows/ci.yml").read_text()


def workflow() -> Any:
    """The workflow as GitHub reads it."""
    return yaml.safe_load(workflow_text())


def _without_funding(content: str) -> str:
    return re.sub(r'"url": *"[^"]*"|"funding": *"[^"]*"|"deprecated": *"[^"]*"', "", content)
