"""The environment variables of what the tools start: a developer's shell is full of settings for other work."""

from __future__ import annotations

import ast
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from pilotlight_tools.variables import of_deploy_tool, of_local_deploy_tool, of_program
from tests.support.project import PROJECT

PROXY = "http://proxy.example:3128"
SHELL = {
    "PATH": "/bin",
    "HTTP_PROXY": PROXY,
    "https_proxy": f"{PROXY}/s",
    "NO_PROXY": "example.org, localhost",
    "AWS_PROFILE": "nope",
    "_X_AMZN_TRACE_ID": "x",
    "SLS_DEBUG": "*",
    "SERVERLESS_ACCESS_KEY": "x",
    "PYTHONSAFEPATH": "1",
    "PYTHONHOME": "/nowhere",
    "PYTHONUTF8": "0",
    "PYTHONPATH": "/mine",
}


def test_what_is_on_this_machine_is_reached_directly_and_the_rest_as_before() -> None:
    variables = of_program(SHELL)
    assert variables["NO_PROXY"] == variables["no_proxy"] == "example.org,localhost,127.0.0.1,::1"
    assert (variables["HTTP_PROXY"], variables["AWS_PROFILE"]) == (PROXY, "nope")


def test_python_finds_its_modules_and_reads_utf_8() -> None:
    variables = of_program(SHELL)
    assert not {"PYTHONSAFEPATH", "PYTHONHOME"} & variables.keys()
    assert (variables["PYTHONUTF8"], variables["PYTHONPATH"]) == ("1", "/mine")


def test_the_installer_trusts_what_the_machine_trusts_unless_told_otherwise() -> None:
    """A company's proxy may read TLS with a certificate of its own."""
    assert of_program({})["UV_SYSTEM_CERTS"] == of_program({})["UV_NATIVE_TLS"] == "true"
    assert of_program({"UV_SYSTEM_CERTS": "false"})["UV_SYSTEM_CERTS"] == "false"


def test_a_local_deployment_knows_nothing_of_aws(tmp_path: Path) -> None:
    variables = of_local_deploy_tool(tmp_path, SHELL)
    assert not {"AWS_PROFILE", "_X_AMZN_TRACE_ID", "SLS_DEBUG", "SERVERLESS_ACCESS_KEY"} & variables.keys()
    assert variables["AWS_CONFIG_FILE"] == variables["AWS_SHARED_CREDENTIALS_FILE"] == "/dev/null"


@pytest.mark.parametrize("name", ["HTTP_PROXY", "http_proxy", "HTTPS_PROXY", "https_proxy", "Https_Proxy", "proxy"])
def test_the_deploy_tool_has_no_proxy_to_this_machine_but_its_installer_has_one(tmp_path: Path, name: str) -> None:
    variables = of_local_deploy_tool(tmp_path, {name: PROXY})
    assert name not in variables
    assert variables["ALL_PROXY"] == PROXY


def test_a_proxy_for_everything_stays_as_it_is(tmp_path: Path) -> None:
    assert of_local_deploy_tool(tmp_path, {"all_proxy": "socks5://s", "HTTP_PROXY": PROXY})["all_proxy"] == "socks5://s"
    assert of_local_deploy_tool(tmp_path, SHELL)["ALL_PROXY"] == f"{PROXY}/s", "packages come by https"


@pytest.mark.parametrize(("home", "kept"), [("/dev/null", "scratch"), ("/nowhere/at/all", "scratch"), ("", "scratch")])
def test_schemas_are_kept_elsewhere_where_home_is_not_writable(tmp_path: Path, home: str, kept: str) -> None:
    assert of_deploy_tool(tmp_path / kept, {"HOME": home})["SLS_SCHEMA_CACHE_BASE_DIR"] == str(tmp_path / kept)
    assert "SLS_SCHEMA_CACHE_BASE_DIR" not in of_deploy_tool(tmp_path, {"HOME": str(tmp_path)})
    chosen = {"HOME": home, "SLS_SCHEMA_CACHE_BASE_DIR": "/mine"}
    assert of_deploy_tool(tmp_path, chosen)["SLS_SCHEMA_CACHE_BASE_DIR"] == "/mine"


def test_a_terminal_without_utf_8_gets_the_text_all_the_same() -> None:
    """As the installed command, which no set-up runs."""
    code = "from pilotlight_tools.variables import prepare_this_process as p; p(); print('one \\u2026 two')"
    environment = {"LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"}
    done = subprocess.run([sys.executable, "-c", code], env=environment, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout) == (0, "one ? two\n"), done.stderr


def test_every_file_and_output_is_read_in_an_encoding_that_is_named() -> None:
    """The locale's would differ between machines."""
    found = [
        f"{path.relative_to(PROJECT)}:{call.lineno}"
        for path in (PROJECT / "pilotlight_tools").rglob("*.py")
        for call in _calls(path)
        if _is_in_the_locales_encoding(call)
    ]
    assert found == []


def _calls(path: Path) -> Iterator[ast.Call]:
    tree = ast.parse(path.read_text(encoding="utf-8"))
    return (node for node in ast.walk(tree) if isinstance(node, ast.Call))


def _is_in_the_locales_encoding(call: ast.Call) -> bool:
    name = call.func.attr if isinstance(call.func, ast.Attribute) else getattr(call.func, "id", "")
    named = {keyword.arg for keyword in call.keywords}
    is_text = name in ("read_text", "write_text") or (name in ("run", "Popen") and "text" in named)
    modes = [argument.value for argument in call.args if isinstance(argument, ast.Constant)]
    is_text |= name == "open" and any(isinstance(mode, str) and mode[:1] in "rwa" and "b" not in mode for mode in modes)
    return is_text and "encoding" not in named
