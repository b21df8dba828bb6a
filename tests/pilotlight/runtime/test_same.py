"""The lean client beside the managed one: the same traffic at the Runtime API and the same log, byte for byte."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from pilotlight_tools.local.runtime.python import runtime_python_of
from tests.pilotlight.runtime.both import Client, Posted, Run, run, task_folder
from tests.pilotlight.runtime.cases import CASES, DIFFERENCES, Case

CLIENTS: tuple[Client, Client] = ("managed", "lean")


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_what_lambda_and_the_log_get_is_the_same(case: Case, tmp_path: Path) -> None:
    managed, lean = (_run(client, case, tmp_path) for client in CLIENTS)
    assert not case.unlike or case.unlike in DIFFERENCES
    if case.unlike == "http.client":
        managed, lean = (
            replace(each, posted=[_without_headers(post) for post in each.posted]) for each in (managed, lean)
        )
    assert lean.posted == managed.posted
    assert lean.log == managed.log
    assert lean.frames == managed.frames
    assert lean.status == managed.status


@pytest.mark.slow
@pytest.mark.parametrize("version", [(3, 11), (3, 12), (3, 14)], ids=lambda version: "{}.{}".format(*version))
def test_it_is_the_same_on_every_python_of_lambda(version: tuple[int, int], tmp_path: Path) -> None:
    python = runtime_python_of(version)
    if python is None:
        pytest.skip("this machine has no such Python")
    for number, case in enumerate(CASES):
        managed, lean = (_run(client, case, tmp_path / str(number), python) for client in CLIENTS)
        assert [_without_headers(post) for post in lean.posted] == [_without_headers(post) for post in managed.posted]
        assert (case.name, lean.log, lean.frames, lean.status) == (
            *(case.name, managed.log, managed.frames, managed.status),
        )


def _run(client: Client, case: Case, folder: Path, python: Path | None = None) -> Run:
    task_folder(folder, {"function.py": case.code, **case.files})
    return run(
        *(client, folder, case.events),
        handler=case.handler,
        variables=case.variables,
        frames=case.frames,
        python=python,
    )


def _without_headers(posted: Posted) -> Posted:
    """What http.client adds: Accept-Encoding; ours has Accept, as all other requests of both."""
    unlike = ("accept", "accept-encoding")
    return replace(posted, headers={name: value for name, value in posted.headers.items() if name not in unlike})
