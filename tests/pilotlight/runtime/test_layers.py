"""Layers: their folders on the search path, and before it what a layer may not replace."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from pilotlight_tools.local.runtime.sandbox import RUNTIME_FOLDER
from tests.pilotlight.runtime.both import Client, Run, run, task_folder
from tests.pilotlight.runtime.cases import SURROUNDINGS, events

IMPORTING = """
import sys
import both, in_layer, in_packages, json, logging
def handler(event, context):
    return [sys.path, [module.__file__ for module in (both, in_layer, in_packages, json, logging)]]
"""


@pytest.mark.parametrize("code", [IMPORTING, SURROUNDINGS], ids=["imports", "surroundings"])
@pytest.mark.parametrize("folders", [("",), ("lib/python3.13/site-packages",), ("", "lib/python3.13/site-packages")])
def test_layers_are_searched_as_under_the_managed_client(code: str, folders: tuple[str, ...], tmp_path: Path) -> None:
    for folder in folders:
        layer = tmp_path / "opt" / "python" / folder
        layer.mkdir(parents=True, exist_ok=True)
        for name in ("both", "in_layer", "in_packages", "json", "logging"):
            (layer / f"{name}.py").touch()
    managed, lean = (_run(client, code, tmp_path) for client in ("managed", "lean"))
    assert lean == managed
    assert len(lean.posted) == 1


def _run(client: Client, code: str, folder: Path) -> Run:
    """Both bootstraps have /opt/python as a constant: here it is a folder of the test's."""
    runtime, task = folder / "runtime", folder / "task"
    shutil.copytree(RUNTIME_FOLDER, runtime, dirs_exist_ok=True)
    task_folder(task, {"function.py": code, "both.py": ""})
    files = (runtime / "bootstrap.py", *(task / "pilotlight" / "runtime" / name for name in ("bootstrap", "main.py")))
    for path in files:
        text = path.read_text()
        path.write_text(text if str(folder) in text else text.replace("/opt/python", f"{folder}/opt/python"))
    return run(client, task, events(1), runtime=runtime)
