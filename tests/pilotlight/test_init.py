"""The init ends where the handler's module ends, wherever in it, or below it, the wrapper stands."""

from __future__ import annotations

import importlib
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from pilotlight import wrapping
from pilotlight.environment import ExecutionEnvironment
from pilotlight.importing import call_at_end_of_import
from pilotlight_tools.local.runtime.python import runtime_python
from pilotlight_tools.local.runtime.sandbox import Sandbox
from tests.support.project import PROJECT

MODULE = """
import events
{before}
import environments
from pilotlight.importing import call_at_end_of_import
call_at_end_of_import(environments.made.end_init)
events.seen.append("the wrapper stands here")
{after}
events.seen.append("the module's last line")
"""


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A folder of modules that can be imported, forgotten afterwards."""
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.setattr(sys, "dont_write_bytecode", True)
    known = set(sys.modules)
    (tmp_path / "events.py").write_text("seen = []")
    (tmp_path / "environments.py").write_text(
        "import events\nfrom pilotlight.environment import ExecutionEnvironment\n"
        "made = ExecutionEnvironment(process_age=lambda: events.seen.append('the init ends') or 1.0)\n"
    )
    yield tmp_path
    for name in sys.modules.keys() - known:
        del sys.modules[name]


def seen() -> list[str]:
    found: list[str] = importlib.import_module("events").seen
    return found


def test_a_wrapper_in_the_middle_of_the_module(folder: Path) -> None:
    (folder / "orders.py").write_text(MODULE.format(before="", after=""))
    importlib.import_module("orders")
    assert seen() == ["the wrapper stands here", "the module's last line", "the init ends"]


def test_a_wrapper_in_a_module_that_the_handlers_module_imports(folder: Path) -> None:
    (folder / "handlers").mkdir()
    (folder / "handlers" / "__init__.py").write_text("")
    (folder / "handlers" / "wrapped.py").write_text(MODULE.format(before="", after=""))
    (folder / "handlers" / "orders.py").write_text(
        "import handlers.wrapped\nimport events\nevents.seen.append('the last line of all')\n"
    )
    importlib.import_module("handlers.orders")
    assert seen()[1:] == ["the module's last line", "the last line of all", "the init ends"]


def test_a_module_that_fails_ends_the_init_too_and_raises_what_it_raised(folder: Path) -> None:
    (folder / "orders.py").write_text(MODULE.format(before="", after="raise ValueError('no such table')"))
    with pytest.raises(ValueError, match="no such table"):
        importlib.import_module("orders")
    assert seen() == ["the wrapper stands here", "the init ends"]


def test_the_import_system_is_left_as_it_was(folder: Path) -> None:
    (folder / "orders.py").write_text(MODULE.format(before="", after=""))
    spec = importlib.import_module("orders").__spec__
    assert spec is not None
    assert type(spec) is type(sys.__spec__)
    importlib.reload(sys.modules["orders"])
    assert seen().count("the init ends") == 2


def test_several_handlers_of_one_module_measure_its_init_once(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(wrapping, "_tracer", None)  # as in a new process
    (folder / "orders.py").write_text(
        "from pilotlight import warmable\nhandlers = [warmable(lambda *_: None) for _ in range(3)]\n"
    )
    spec = importlib.import_module("orders").__spec__
    assert type(spec) is type(sys.__spec__)


def test_outside_an_import_the_init_ends_at_once() -> None:
    """As under a runtime that runs the handler's file without the import system."""
    ended: list[float] = []
    environment = ExecutionEnvironment(process_age=lambda: ended.append(1.0) or 1.0)  # type: ignore[func-returns-value]
    call_at_end_of_import(environment.end_init)
    assert ended == [1.0]


@pytest.mark.parametrize(
    "code",
    ["handler = warmable(answer)\n{work}", "@warmable\ndef handler(*_):\n    pass\n{work}"],
    ids=["call", "decorator"],
)
def test_lambdas_runtime_client_measures_all_of_the_module(code: str, tmp_path: Path) -> None:
    work = "import time\ntime.sleep(0.5)\n"
    (tmp_path / "orders.py").write_text(
        "from pilotlight import warmable\n\ndef answer(event, context):\n    pass\n\n" + code.format(work=work)
    )
    ping = {"pilotlight": {"ping": "a1", "index": 0, "of": 1, "hold_until": 0}}
    variables = {"PYTHONPATH": str(PROJECT)}
    with Sandbox(tmp_path, "orders.handler", python=runtime_python(), environment=variables) as sandbox:
        reply = sandbox.invoke(ping).payload["pilotlight"]
    assert reply["start"] == "cold"
    assert reply["init_ms"] > 500, "the half second after the wrapper is part of the init"
