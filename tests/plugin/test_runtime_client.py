"""`runtimeClient: lean`: the targets' variable, what their packages hold, and what stands against it."""

from __future__ import annotations

import json
import subprocess
import zipfile
from pathlib import Path
from typing import Any

import pytest

from pilotlight import __version__
from pilotlight_build.archive import BOOTSTRAP, write_zip
from pilotlight_build.artifacts import Findings, Target, inspect
from tests.support.foreign import HTTP_EVENT, PLAIN_HANDLER, TARGET, Foreign, pilotlight_files, service
from tests.support.project import PROJECT

WRAPPER = "AWS_LAMBDA_EXEC_WRAPPER"
ON_LAMBDA = f"/var/task/{BOOTSTRAP}"
PACKAGE = {
    "pilotlight/__init__.py": f'__version__ = "{__version__}"\n',
    "app.py": "def handler(event, context): return event\n",
}
LEAN = {"targets": [TARGET], "packaging": "pilotlight", "runtimeClient": "lean"}
FUNCTIONS = {
    "orders": {"handler": "orders.handler", "events": HTTP_EVENT},
    "nightly": {"handler": "orders.handler", "events": [{"schedule": "rate(1 day)"}]},
}
PATTERNS = {"patterns": ["!**", "orders.py", "pilotlight/**"]}


def findings(artifact: Path, *, lean: bool = True) -> Findings:
    return inspect([Target("orders", str(artifact), "app.handler", lean=lean)], installs=True)


def zipped(path: Path, files: dict[str, str], mode: int = 0o100644) -> Path:
    with zipfile.ZipFile(path, "w") as archive:
        for name, text in files.items():
            entry = zipfile.ZipInfo(name)
            entry.external_attr = mode << 16
            archive.writestr(entry, text)
    return path


def test_a_package_without_the_bootstrap_is_refused(tmp_path: Path) -> None:
    (error,) = findings(zipped(tmp_path / "a.zip", PACKAGE)).errors
    assert f"The package of orders has no {BOOTSTRAP}" in error


@pytest.mark.parametrize("mode", [0o100644, 0o100744])
def test_a_bootstrap_that_lambdas_user_may_not_execute_is_refused(mode: int, tmp_path: Path) -> None:
    """It would end with 126, and nothing would start instead: tests/pilotlight/runtime/test_bootstrap.py."""
    (error,) = findings(zipped(tmp_path / "a.zip", {**PACKAGE, BOOTSTRAP: "#!/bin/sh\n"}, mode)).errors
    assert "without its execute bit" in error


def test_one_with_its_execute_bit_is_fine_and_the_managed_client_needs_none(tmp_path: Path) -> None:
    assert findings(zipped(tmp_path / "a.zip", {**PACKAGE, BOOTSTRAP: "#!/bin/sh\n"}, 0o100755)).errors == []
    assert findings(zipped(tmp_path / "b.zip", PACKAGE), lean=False).errors == []


def test_our_builder_sets_the_bit_whatever_the_file_system_says(tmp_path: Path) -> None:
    write_zip(tmp_path / "a.zip", {name: text.encode() for name, text in {**PACKAGE, BOOTSTRAP: "#!/bin/sh\n"}.items()})
    assert findings(tmp_path / "a.zip").errors == []


@pytest.mark.slow
def test_targets_get_the_wrapper_and_their_package_holds_it(foreign: Foreign) -> None:
    found = _written(foreign, LEAN).package()
    assert _variables(found.resources, "Orders")[WRAPPER] == ON_LAMBDA
    assert WRAPPER not in _variables(found.resources, "Nightly")
    assert WRAPPER not in _variables(found.resources, "PilotlightWarmer")
    with zipfile.ZipFile(foreign.folder / ".serverless" / "shop.zip") as archive:
        assert archive.getinfo(BOOTSTRAP).external_attr >> 16 == 0o100755
        assert "pilotlight/runtime/__pycache__/loop.cpython-313.pyc" in archive.namelist()


@pytest.mark.slow
def test_without_it_packages_hold_nothing_of_it(foreign: Foreign) -> None:
    found = _written(foreign, {**LEAN, "runtimeClient": "managed"}).package()
    assert WRAPPER not in _variables(found.resources, "Orders")
    for name in ("shop.zip", "pilotlightWarmer.zip"):
        with zipfile.ZipFile(foreign.folder / ".serverless" / name) as archive:
            assert [each for each in archive.namelist() if each.startswith("pilotlight/runtime/")] == []


@pytest.mark.slow
@pytest.mark.parametrize("where", ["provider", "function"])
def test_a_wrapper_of_the_services_own_is_refused(where: str, foreign: Foreign) -> None:
    variables = {"environment": {WRAPPER: "/opt/otel-instrument"}}
    provider = {"name": "aws", "runtime": "python3.13", **(variables if where == "provider" else {})}
    functions = {"orders": {**FUNCTIONS["orders"], **(variables if where == "function" else {})}}
    text = _written(foreign, LEAN, provider=provider, functions=functions).refused()
    assert "orders has the wrapper /opt/otel-instrument in AWS_LAMBDA_EXEC_WRAPPER" in text


@pytest.mark.slow
def test_a_wrapper_that_another_plugin_sets_is_refused(foreign: Foreign) -> None:
    (foreign.folder / "lumigo.cjs").write_text(
        "module.exports = class {\n  constructor(serverless) {\n"
        "    this.hooks = { 'before:package:compileFunctions': () => {\n"
        f"      serverless.service.getFunction('orders').environment.{WRAPPER} = '/opt/lumigo_wrapper';\n"
        "    } };\n  }\n};\n"
    )
    text = _written(foreign, LEAN, plugins=["serverless-pilotlight", "./lumigo.cjs"]).refused()
    assert "orders has the wrapper /opt/lumigo_wrapper" in text


@pytest.mark.slow
def test_a_package_of_the_deploy_tools_own_is_looked_into(foreign: Foreign) -> None:
    lean = {key: value for key, value in LEAN.items() if key != "packaging"}
    written = _written(foreign, lean)
    bootstrap = foreign.folder / BOOTSTRAP
    bootstrap.chmod(0o644)
    assert "without its execute bit" in written.refused()
    bootstrap.chmod(0o755)
    written.package()
    bootstrap.unlink()
    assert f"has no {BOOTSTRAP}" in written.refused()


def test_an_image_is_refused() -> None:
    script = (
        f"const {{ setWrapper }} = require({json.dumps(str(PROJECT / 'plugin' / 'runtime-client.cjs'))});"
        "const service = { provider: {}, getFunction: () => ({ image: 'x' }) };"
        "console.log(setWrapper(service, { settings: { runtimeClient: 'lean' }, targets: [{ key: 'orders' }] }));"
    )
    done = subprocess.run(["node", "-e", script], capture_output=True, text=True, check=True)
    assert "orders is an image" in done.stdout


def _written(foreign: Foreign, pilotlight: dict[str, Any], **changes: Any) -> Foreign:
    files = {
        "requirements.txt": "",
        "orders.py": PLAIN_HANDLER,
        **pilotlight_files(),
        BOOTSTRAP: (PROJECT / BOOTSTRAP).read_text(),
    }
    configuration = service(pilotlight=pilotlight, **{"functions": FUNCTIONS, "package": PATTERNS, **changes})
    written = foreign.write(configuration, files)
    (foreign.folder / BOOTSTRAP).chmod(0o755)
    return written


def _variables(resources: dict[str, Any], function: str) -> dict[str, Any]:
    found: dict[str, Any] = (
        resources[f"{function}LambdaFunction"]["Properties"].get("Environment", {}).get("Variables", {})
    )
    return found
