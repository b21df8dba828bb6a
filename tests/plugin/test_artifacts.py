"""The targets' packages: without Pilotlight, of another release, or with a handler that never looks at its event."""

from __future__ import annotations

import io
import zipfile
from pathlib import Path

import pytest

from pilotlight import __version__
from pilotlight_build.artifacts import Findings, Target, inspect, release_line
from pilotlight_build.handler_source import does_its_work_at_every_ping

PILOTLIGHT = {"pilotlight/__init__.py": f'__version__ = "{__version__}"\n'}
ANSWERS = {"app.py": "from pilotlight import warmable\n\n\n@warmable\ndef handler(event, context): return 1\n"}


def archive(files: dict[str, str]) -> bytes:
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w") as opened:
        for name, text in files.items():
            opened.writestr(name, text)
    return content.getvalue()


def findings(tmp_path: Path, files: dict[str, str], *, installs: bool = True, **target: object) -> Findings:
    artifact = tmp_path / "app.zip"
    artifact.write_bytes(archive(files))
    known = {"key": "orders", "artifact": str(artifact), "handler": "app.handler", **target}
    return inspect([Target(**known)], installs=installs)  # type: ignore[arg-type]


def says_nothing(found: Findings) -> bool:
    return not found.errors and not found.warnings


def test_a_build_is_of_names_and_contents(tmp_path: Path) -> None:
    builds = [findings(tmp_path, files).builds["orders"] for files in (ANSWERS, ANSWERS, PILOTLIGHT | ANSWERS)]
    assert builds[0] == builds[1] != builds[2]
    changed = findings(tmp_path, {"app.py": ANSWERS["app.py"].replace("return 1", "return 2")}).builds["orders"]
    assert changed not in builds


def test_a_package_that_answers_pings_says_nothing(tmp_path: Path) -> None:
    assert says_nothing(findings(tmp_path, {**PILOTLIGHT, **ANSWERS}))


@pytest.mark.parametrize("installs", [True, False])
def test_a_package_without_pilotlight_is_a_warning_with_the_line_to_add(tmp_path: Path, installs: bool) -> None:
    found = findings(tmp_path, ANSWERS, installs=installs)
    assert found.errors == []
    (warning,) = found.warnings
    assert "The package of orders has no `pilotlight/` in it" in warning
    assert f"`pilotlight=={release_line(__version__)}.*` to requirements.txt" in warning
    assert ("let serverless-python-requirements" in warning) != installs


def test_functions_that_share_a_package_share_the_warning(tmp_path: Path) -> None:
    artifact = tmp_path / "app.zip"
    artifact.write_bytes(archive(ANSWERS))
    targets = [Target(key, str(artifact), "app.handler") for key in ("orders", "pay")]
    (warning,) = inspect(targets, installs=True).warnings
    assert "The package of orders, pay has no" in warning


def test_a_layer_may_hold_pilotlight(tmp_path: Path) -> None:
    assert says_nothing(findings(tmp_path, ANSWERS, layers=True))


def test_zipped_requirements_are_looked_into(tmp_path: Path) -> None:
    """serverless-python-requirements makes them with `zip: true`."""
    artifact = tmp_path / "app.zip"
    with zipfile.ZipFile(artifact, "w") as opened:
        opened.writestr(".requirements.zip", archive({"pilotlight/__init__.py": '__version__ = "7.1.0"\n'}))
        opened.writestr("app.py", ANSWERS["app.py"])
    found = inspect([Target("orders", str(artifact), "app.handler")], installs=True)
    assert (len(found.errors), found.warnings) == (1, [])


def test_another_release_line_is_an_error_with_both_versions(tmp_path: Path) -> None:
    (error,) = findings(tmp_path, {"pilotlight/__init__.py": "__version__ = '7.1.0'", **ANSWERS}).errors
    for part in ("Pilotlight 7.1.0", f"the plugin is of {__version__}", "serverless-pilotlight@7"):
        assert part in error


@pytest.mark.parametrize(
    ("version", "line"), [("0.2.0", "0.2"), ("0.2.11", "0.2"), ("0.10.0", "0.10"), ("1.4.2", "1"), ("12.0", "12")]
)
def test_releases_that_work_together_have_one_line(version: str, line: str) -> None:
    assert release_line(version) == line


def test_a_version_that_is_not_said_is_no_error(tmp_path: Path) -> None:
    files = {"pilotlight/__init__.py": "__version__ = read()", **ANSWERS}
    assert says_nothing(findings(tmp_path, files))


@pytest.mark.parametrize("handler", ["pilotlight.redirect.handler", "pilotlight/redirect.handler"])
def test_a_redirection_to_nowhere_is_an_error(tmp_path: Path, handler: str) -> None:
    (error,) = findings(tmp_path, PILOTLIGHT, handler=handler).errors
    assert "set it in functions.orders.environment to the real handler" in error
    assert says_nothing(findings(tmp_path, PILOTLIGHT, handler=handler, redirected=True))


@pytest.mark.parametrize(
    ("handler", "file"),
    [("app.handler", "app.py"), ("src/app.handler", "src/app.py"), ("src.app.handler", "src/app/__init__.py")],
)
def test_a_handler_that_never_looks_at_its_event_is_a_warning(tmp_path: Path, handler: str, file: str) -> None:
    files = {**PILOTLIGHT, file: "def handler(event, context):\n    return nightly()\n"}
    (warning,) = findings(tmp_path, files, handler=handler).warnings
    assert warning.startswith(f"orders: `handler` in {file} never looks at its event")
    assert "`from pilotlight import warmable` and, below the function, `handler = warmable(handler)`" in warning


def test_what_is_no_zip_is_left_to_the_deploy_tool(tmp_path: Path) -> None:
    (tmp_path / "app.zip").write_bytes(b"no zip")
    for artifact in ("app.zip", "none.zip"):
        targets = [Target("orders", str(tmp_path / artifact), "app.handler")]
        assert inspect(targets, installs=True) == Findings([], [])


CERTAIN = {
    "a plain function": "def handler(event, context): return work()",
    "without its second parameter": "def handler(event, *rest): return work()",
    "positional only": "def handler(event, context, /): return work()",
    "with a function inside": "def handler(event, context):\n    def inner(): return 1\n    return inner()",
    "with another function that uses an event": "def other(event): return event\ndef handler(event, context): return 1",
}
UNCERTAIN = {
    "it uses its event": "def handler(event, context): return event",
    "a function inside uses it": "def handler(event, context):\n    def inner(): return event\n    return inner()",
    "it uses what it is not told": "def handler(event, context): return locals()",
    "no named event": "def handler(*arguments): return work()",
    "decorated by warmable": "from pilotlight import warmable\n@warmable\ndef handler(event, context): return 1",
    "decorated by a call": "import pilotlight\n@pilotlight.warmable(prewarm=f)\ndef handler(event, context): return 1",
    "decorated by another": "@logger.inject\ndef handler(event, context): return 1",
    "wrapped": "from pilotlight import warmable\ndef handler(event, context): return 1\nhandler = warmable(handler)",
    "wrapped under another name": (
        "from pilotlight import warmable as w\ndef handler(event, context): return 1\nhandler = w(handler)"
    ),
    "wrapped by entry_point": (
        "from pilotlight import entry_point\ndef handler(event, context): return 1\nhandler = entry_point(handler)"
    ),
    "wrapped conditionally": "def handler(event, context): return 1\nif LIVE:\n    handler = wrapped(handler)",
    "wrapped by globals()": "def handler(event, context): return 1\nglobals()['handler'] = wrapped(handler)",
    "imported": "from app import handler",
    "a star import may replace it": "def handler(event, context): return 1\nfrom app import *",
    "defined twice": "def handler(event, context): return 1\ndef handler(event, context): return event",
    "a class": "class handler: ...",
    "asynchronous": "async def handler(event, context): return 1",
    "not there": "x = 1",
    "no Python of this version": "def handler(event, context): return f'{'nested'",
}


@pytest.mark.parametrize("case", CERTAIN)
def test_only_a_plain_function_certainly_works_at_every_ping(case: str) -> None:
    assert does_its_work_at_every_ping(CERTAIN[case].encode(), "handler")


@pytest.mark.parametrize("case", UNCERTAIN)
def test_what_is_not_certain_is_not_said(case: str) -> None:
    assert not does_its_work_at_every_ping(UNCERTAIN[case].encode(), "handler")
