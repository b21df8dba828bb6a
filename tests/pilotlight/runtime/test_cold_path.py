"""What the lean client loads before a function's first response, exactly; and that nothing grows after it."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from pilotlight.runtime.main import LOADED_BY_THE_MANAGED_CLIENT
from pilotlight_tools.local.runtime.python import runtime_python
from pilotlight_tools.local.runtime.sandbox import EXEC_WRAPPER, Sandbox
from tests.pilotlight.runtime.both import WRAPPER, Client, Event, run, task_folder

OURS = {
    "pilotlight",
    *(
        f"pilotlight.runtime{name}"
        for name in ("", ".context", ".loop", ".main", ".output", ".payload", ".runtime_api")
    ),
}
STANDARD_LIBRARY = {"_json", "_sitebuiltins", "_socket"}
OF_PYTHON_ITSELF = {
    *("__main__", "_abc", "_codecs", "_collections_abc", "_frozen_importlib", "_frozen_importlib_external", "_imp"),
    *("_io", "_signal", "_stat", "_thread", "_warnings", "_weakref", "abc", "builtins", "codecs", "encodings"),
    *("encodings.aliases", "encodings.utf_8", "genericpath", "io", "marshal", "os", "os.path", "posix", "posixpath"),
    *("site", "stat", "sys", "time", "winreg", "zipimport", "_tokenize", "_suggestions", "_contextvars", "_opcode"),
}
"""Loaded by `python -c 'import os, site'`, in one release or another."""
ASKING = """
import sys
def handler(event, context):
    return sorted(sys.modules)
"""
CLIENTS: tuple[Client, Client] = ("managed", "lean")
TRACE = "Root=1-00000000-000000000000000000000000;Sampled=1"
"""One for all: the C library keeps each value that a variable ever had, under both clients."""
LOADED = """
import sys
loaded = sorted(name for name in sys.modules if "." not in name and name not in sys.builtin_module_names)
def handler(event, context):
    return loaded
"""
GROWING = """
import gc, resource
def handler(event, context):
    if event == "measure":
        gc.collect()
        with open("/proc/self/statm") as file:
            pages = int(file.read().split()[1])
        import os
        return [len(gc.get_objects()), pages, len(os.listdir("/proc/self/fd"))]
    if event == "fail":
        raise ValueError("x" * 100)
    print("a line")
    return {"event": event, "of": context.aws_request_id}
"""


def environment(folder: Path, handler: str) -> Sandbox:
    return Sandbox(folder, handler, python=runtime_python(), environment={EXEC_WRAPPER: WRAPPER})


def test_the_client_loads_these_modules_and_no_others(tmp_path: Path) -> None:
    task_folder(tmp_path, {"asking.py": ASKING})
    with environment(tmp_path, "asking.handler") as started:
        modules = set(started.invoke({"a": 1}).payload)
    assert modules - OF_PYTHON_ITSELF == OURS | STANDARD_LIBRARY | {"asking"}


def test_what_the_managed_client_loads_is_found_where_it_finds_it(tmp_path: Path) -> None:
    """A module of the function's own by such a name replaces none of them: `RuntimeModules`. `site` is frozen."""
    folder = task_folder(tmp_path, {"function.py": LOADED})
    managed, lean = (set(json.loads(run(client, folder, [Event()]).posted[0].body)) for client in CLIENTS)
    assert managed - lean - {"site"} <= LOADED_BY_THE_MANAGED_CLIENT


@pytest.mark.slow
def test_nothing_grows_in_20_000_invocations(tmp_path: Path) -> None:
    task_folder(tmp_path, {"growing.py": GROWING})
    with environment(tmp_path, "growing.handler") as started:

        def measured() -> list[int]:
            values: list[int] = started.invoke("measure").payload
            return values

        for number in range(1000):
            started.invoke("fail" if number % 10 == 0 else {"number": number}, trace_header=TRACE)
        objects, pages, descriptors = measured()
        for number in range(20_000):
            started.invoke("fail" if number % 10 == 0 else {"number": number}, trace_header=TRACE)
        later_objects, later_pages, later_descriptors = measured()
    assert later_objects <= objects
    assert later_pages <= pages + 64, "a quarter of a megabyte"
    assert later_descriptors == descriptors
