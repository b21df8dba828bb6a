"""What is read of a service without the deploy tool, and of what the deploy tool resolved."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from pilotlight_tools.configuration import (
    ConfigurationError,
    find_warmer,
    service_name,
    stage_without_parameters,
)
from pilotlight_tools.local.deployed_stage import no_rest_api
from pilotlight_tools.node_modules import find_node_modules, not_installed

TARGETS = {"environment": {"PILOTLIGHT_TARGETS": "[]"}}


@pytest.mark.parametrize(
    ("configuration", "key"),
    [
        ({"functions": {"api": {}, "keeper": {}}, "custom": {"pilotlight": {"warmer": "keeper"}}}, "keeper"),
        ({"functions": {"api": {}, "pilotlightWarmer": {}}, "custom": {"pilotlight": {}}}, "pilotlightWarmer"),
        ({"functions": {"api": None, "keeper": TARGETS}}, "keeper"),
        ({"functions": {"api": {}, "warmer": {}}}, None),
        ({"functions": {"api": {}}, "custom": "${file(custom.yml)}"}, None),
        ({}, None),
    ],
)  # fmt: skip
def test_the_warmer_is_the_one_that_is_named_or_added_or_has_targets(
    configuration: dict[str, Any], key: str | None
) -> None:
    assert find_warmer(configuration) == key


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("serverless.yml", "service: shop"),
        ("serverless.yaml", "service: shop"),
        ("serverless.json", '{"service": "shop"}'),
    ],
)
def test_a_service_is_named_by_each_file_that_the_deploy_tool_reads(tmp_path: Path, name: str, content: str) -> None:
    (tmp_path / name).write_text(content)
    assert service_name(tmp_path) == "shop"


def test_a_folder_without_a_service_is_named(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match=rf"there is no serverless\.yml in {tmp_path}: .* --project"):
        service_name(tmp_path)
    (tmp_path / "serverless.yml").write_text("provider: {name: aws}")
    with pytest.raises(ConfigurationError, match=r"serverless\.yml does not name its service: add a line"):
        service_name(tmp_path)


def test_a_mistake_in_yaml_is_one_line_with_its_place_in_the_services_own_file(tmp_path: Path) -> None:
    (tmp_path / "serverless.yml").write_text("service: shop\nparams: [\n  a: b: c\n")
    with pytest.raises(ConfigurationError) as raised:
        service_name(tmp_path)
    assert str(raised.value).startswith(f"{tmp_path}/serverless.yml:3:7 is not valid YAML: ")
    assert "\n" not in str(raised.value)


@pytest.mark.parametrize(
    ("params", "said"),
    [
        ({"default": {"a": 1}, "prod": {}, "dev": {}}, "so the defaults apply. Did you mean prod?"),
        ({"blue": {}, "green": {}}, "so the defaults apply. Known are blue, green."),
        ({"prd": {}}, None),
        ({"default": {"a": 1}}, None),
        (None, None),
    ],
)
def test_a_stage_that_params_do_not_name_may_be_misspelt(params: object, said: str | None) -> None:
    told = stage_without_parameters({"params": params}, "prd")
    assert (told is None) if said is None else (told or "").endswith(said)


def test_a_service_without_a_rest_api_is_told_what_it_has() -> None:
    functions = {"a": {"events": [{"httpApi": "GET /"}, {"schedule": "rate(1 hour)"}]}, "b": {"events": ["alexaSkill"]}}
    assert "functions have alexaSkill, httpApi, schedule events" in no_rest_api(functions)
    assert "functions have no events" in no_rest_api({"a": {}})


def test_the_deploy_tool_is_found_in_the_nearest_folder_that_has_it(tmp_path: Path) -> None:
    service = tmp_path / "services" / "shop"
    (service / "node_modules").mkdir(parents=True)
    assert find_node_modules(service) is None
    assert "not installed" in not_installed(service)
    (tmp_path / "node_modules" / ".bin").mkdir(parents=True)
    (tmp_path / "node_modules" / ".bin" / "sls").touch()
    assert find_node_modules(service) == tmp_path / "node_modules"
    (service / "node_modules" / ".bin").mkdir()
    (service / "node_modules" / ".bin" / "sls").touch()
    assert find_node_modules(service) == service / "node_modules"
