"""One rule for the region: where `sls deploy` deploys to is where `latency` looks and what `cost` names."""

from __future__ import annotations

import json
import os
import subprocess
from pathlib import Path

import pytest

from pilotlight_tools.configuration import ConfigurationError, read_configuration
from pilotlight_tools.region import find_region
from tests.support.project import PROJECT

PROFILES = "[default]\nregion = eu-north-1\n[profile work]\nregion = ap-south-1\n[profile bare]\noutput = json\n"
CASES: dict[str, tuple[dict[str, str], str]] = {
    "AWS_REGION": ({"AWS_REGION": "eu-west-1", "AWS_DEFAULT_REGION": "eu-west-2"}, "eu-west-1"),
    "AWS_DEFAULT_REGION": ({"AWS_DEFAULT_REGION": "eu-west-2", "AWS_PROFILE": "work"}, "eu-west-2"),
    "the profile": ({"AWS_PROFILE": "work"}, "ap-south-1"),
    "the default profile": ({}, "eu-north-1"),
    "none": ({"AWS_PROFILE": "bare"}, "us-east-1"),
}


@pytest.fixture(autouse=True)
def profiles(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = tmp_path / "config"
    file.write_text(PROFILES)
    monkeypatch.setenv("AWS_CONFIG_FILE", str(file))


@pytest.mark.parametrize("case", CASES)
def test_the_tools_follow_the_rule(case: str) -> None:
    environment, region = CASES[case]
    assert find_region(read_configuration(PROJECT), environment) == region


@pytest.mark.slow
@pytest.mark.parametrize("case", CASES)
def test_the_deploy_tool_follows_the_same_rule(case: str) -> None:
    environment, region = CASES[case]
    printed = subprocess.run(
        ["node_modules/.bin/sls", "print", "--format", "json", "--path", "provider"],
        cwd=PROJECT,
        env={**os.environ, **environment},
        capture_output=True,
        text=True,
        check=True,
    ).stdout
    assert json.loads(printed[printed.index("{") :])["region"] == region


def test_the_command_line_comes_first() -> None:
    assert find_region({"provider": {"region": "eu-west-1"}}, {"AWS_REGION": "eu-west-2"}, "eu-west-3") == "eu-west-3"


def test_a_region_in_serverless_yml_is_the_region() -> None:
    """The deploy tool does not read AWS_REGION unless serverless.yml says so."""
    assert find_region({"provider": {"region": "eu-west-1"}}, {"AWS_REGION": "eu-west-2"}) == "eu-west-1"


@pytest.mark.parametrize("region", ["${ssm:/region}", "eu-${sls:stage}", "${env:NOWHERE}"])
def test_what_only_the_deploy_tool_knows_is_asked_for(region: str) -> None:
    with pytest.raises(ConfigurationError, match="give --region"):
        find_region({"provider": {"region": region}}, {})
