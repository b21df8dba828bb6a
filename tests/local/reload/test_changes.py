"""What a saved file means for the running service."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from pilotlight_build.own_files import own_files
from pilotlight_tools.local.reload.builds import Builds, Package, may_match
from pilotlight_tools.local.reload.changes import Changes

SERVERLESS_YML = """\
service: shop
custom: ${file(settings.json)}
plugins: [./infra/index.cjs]
package: { patterns: ['!**', handler.py, 'orders/**', '!orders/notes.md'] }
"""
PATTERNS = ("!**", "handler.py", "./orders/**", "templates/*.html")


@pytest.fixture
def project(tmp_path: Path) -> Path:
    (tmp_path / "serverless.yml").write_text(SERVERLESS_YML)
    return tmp_path


@pytest.mark.parametrize(
    ("pattern", "path"),
    [
        ("**/*.py", "handler.py"),
        ("**/*.py", "a/b/c.py"),
        ("src/**/*.json", "src/a.json"),
        ("{shop,libs}/**", "libs/a.py"),
    ],
)
def test_a_pattern_never_misses_what_the_builder_ships(project: Path, pattern: str, path: str) -> None:
    (project / path).parent.mkdir(parents=True, exist_ok=True)
    (project / path).touch()
    assert path in own_files(project, [pattern])
    assert may_match(path, pattern)


def changes(project: Path, *, ours: bool = True, configuration: dict[str, Any] | None = None) -> Changes:
    builds = Builds(project, "", [Package(("api",), PATTERNS, "", ())]) if ours else None
    return Changes(project, configuration or {}, builds, {"data/prices.csv"})


@pytest.mark.parametrize(
    "path",
    [
        "handler.py",
        "orders/new.py",
        "orders/deep/data.json",
        "templates/a.html",
        "requirements.txt",
        "libs/prices/prices.py",
        "data/prices.csv",
    ],
)
def test_what_the_patterns_match_is_code(project: Path, path: str) -> None:
    assert changes(project).code({path}) == {path}
    assert changes(project).configuration({path}) == set()


@pytest.mark.parametrize(
    "path", ["serverless.yml", ".env", ".env.local", "settings.json", "infra/x.yml", "infra/a/b.cjs"]
)
def test_what_serverless_yml_is_read_from_is_configuration(project: Path, path: str) -> None:
    assert changes(project).configuration({path}) == {path}


@pytest.mark.parametrize(
    "path", ["README.md", "tests/test_handler.py", "tsconfig.json", "package.json", "infra/README.md"]
)
def test_other_files_mean_nothing(project: Path, path: str) -> None:
    assert changes(project).code({path}) == set()
    assert changes(project).configuration({path}) == set()


@pytest.mark.parametrize("path", ["data/prices.csv", "any/module.py", "own/page.html", "requirements.txt"])
def test_where_others_package_files_of_the_last_package_patterns_and_modules_are_code(project: Path, path: str) -> None:
    configuration = {"functions": {"api": {"package": {"patterns": ["!**", "own/**"]}}}}
    assert changes(project, ours=False, configuration=configuration).code({path}) == {path}


@pytest.mark.parametrize("path", ["data/notes.md", "tests/test_handler.py"])
def test_where_others_package_other_files_mean_nothing(project: Path, path: str) -> None:
    assert changes(project, ours=False).code({path}) == set()
