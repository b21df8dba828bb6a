"""The cold path: under AWS's own runtime client, we import only our own few modules and one C module beyond it."""

from __future__ import annotations

import shutil
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from pilotlight_tools.local.runtime.python import runtime_python
from pilotlight_tools.local.runtime.sandbox import Sandbox
from pilotlight_tools.local.runtime.x_ray_sink import XRaySink
from tests.support.events import browser_event
from tests.support.package import unpacked_package
from tests.support.project import PROJECT

OUR_MODULES = {
    "handler",
    "pilotlight",
    "pilotlight.entry",
    "pilotlight.environment",
    "pilotlight.metrics",
    "pilotlight.proxy",
    "pilotlight.routing",
    "pilotlight.tracing",
}
OF_A_WRAPPED_HANDLER = {
    "pilotlight",
    "pilotlight.environment",
    "pilotlight.facts",
    "pilotlight.importing",
    "pilotlight.metrics",
    "pilotlight.tracing",
    "pilotlight.wrapping",
}
STANDARD_LIBRARY = {"_socket"}
"""The C half of `socket`, which a datagram needs: 0.3 ms."""
HEAVY = {
    *("asyncio", "aws_xray_sdk", "base64", "boto3", "botocore", "dataclasses", "datetime", "email", "hashlib", "http"),
    *("inspect", "pathlib", "pilotlight.ping", "random", "requests", "selectors", "socket", "ssl", "subprocess"),
    *("typing", "urllib", "uuid", "wrapt"),
}
ASKING = """
import sys
{imports}


def handler(event, context):
    result = {result}
    return {{"result": result, "modules": sorted(sys.modules)}}
"""


@pytest.fixture(scope="module")
def package(sample_project: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The unpacked zip of the tests' own service."""
    return unpacked_package(sample_project, tmp_path_factory.mktemp("package"))


def loaded(package: Path, folder: Path, imports: str, result: str, events: Sequence[Any] = ({},)) -> set[str]:
    """`sys.modules` after these events, in a function with these import statements that returns `result`."""
    (folder / "asking.py").write_text(ASKING.format(imports=imports, result=result))
    with XRaySink() as sink:
        variables = {"PYTHONPATH": str(folder), "AWS_XRAY_DAEMON_ADDRESS": sink.address}
        python = runtime_python()
        with Sandbox(package, "asking.handler", python=python, environment=variables) as environment:
            responses = [environment.invoke(event) for event in events]
            assert [response.error for response in responses] == [None] * len(events)
        if "ours" in imports:
            assert len(sink.take(2)) == len(events), "the records are part of the path"
    modules: set[str] = set(responses[-1].payload["modules"])
    return modules


def test_a_cold_start_imports_our_own_modules_and_nothing_heavy(package: Path, tmp_path: Path) -> None:
    runtime = loaded(package, tmp_path, "import json", "json.dumps(event)")
    events = [browser_event(path) for path in ("/hello", "/items/7", "/nowhere")]
    ours = loaded(package, tmp_path, "import handler as ours", "ours.handler(event, context)", events)
    assert ours - runtime == OUR_MODULES | STANDARD_LIBRARY
    assert HEAVY & ours <= runtime


def test_a_wrapped_handler_imports_less_and_nothing_more_for_a_request(tmp_path: Path) -> None:
    package = tmp_path / "task"  # this project's own has no wrapped handler
    shutil.copytree(PROJECT / "pilotlight", package / "pilotlight", ignore=shutil.ignore_patterns("__pycache__"))
    runtime = loaded(package, tmp_path, "import json", "json.dumps(event)")
    wrapped = (
        "from pilotlight import warmable\n\n\n@warmable\ndef ours(event, context):\n    return {'statusCode': 200}"
    )
    events = [browser_event("/hello"), browser_event("/hello")]
    found = loaded(package, tmp_path, wrapped, "ours(event, context)", events)
    assert found - runtime == OF_A_WRAPPED_HANDLER | STANDARD_LIBRARY


def test_a_heavy_import_would_be_found(package: Path, tmp_path: Path) -> None:
    runtime = loaded(package, tmp_path, "", "None")
    with_one = loaded(package, tmp_path, "import dataclasses", "None")
    assert {"dataclasses", "inspect"} <= with_one - runtime


def test_the_deployed_bytecode_is_used_as_it_is(package: Path, tmp_path: Path) -> None:
    """A .pyc that is checked against its source, or missing, would be compiled again at every cold start."""
    cached = loaded_from(package, tmp_path)
    assert cached.keys() == OUR_MODULES
    for name, path in cached.items():
        flags = int.from_bytes(Path(path).read_bytes()[4:8], "little")
        assert flags == 0b01, f"{name} has bytecode that is not unchecked hash-based"


def loaded_from(package: Path, folder: Path) -> dict[str, str]:
    """The .pyc file of each of our modules, as the running function knows it."""
    (folder / "asking.py").write_text(
        "import sys\n\nimport handler as ours\n\n\ndef handler(event, context):\n"
        "    return {name: module.__cached__ for name, module in sys.modules.items()\n"
        "            if name.partition('.')[0] in ('handler', 'pilotlight')}\n"
    )
    variables = {"PYTHONPATH": str(folder)}
    with Sandbox(package, "asking.handler", python=runtime_python(), environment=variables) as environment:
        found: dict[str, str] = environment.invoke({}).payload
    return found
