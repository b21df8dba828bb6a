"""custom.pilotlight.targets: the warmer reads what serverless.yml says, and a mistake is found when packaging."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from typing import Any

import pytest

from pilotlight.warming.targets import Size, TargetsError, parse_targets
from pilotlight_build.resolve_targets import Function, posix_zone, resolve
from tests.support.project import PROJECT

FUNCTIONS = [Function("api", "pilotlight-prod-api", 10), Function("worker", "pilotlight-prod-worker", "50")]
WINDOW = {"days": "mon-fri", "from": "07:00", "to": "19:00", "concurrency": "10"}


def test_the_warmer_reads_what_serverless_yml_says() -> None:
    setting = [{"function": "api", "concurrency": "2", "timeZone": "Europe/Berlin", "windows": [WINDOW]}]
    target = parse_targets(json.dumps(resolve(setting, FUNCTIONS)))[0]
    assert (target.function, target.size, target.zone) == (
        "pilotlight-prod-api",
        Size(2, 2),
        "CET-1CEST,M3.5.0,M10.5.0/3",
    )
    assert target.windows[0].size == Size(10, 10)


def test_an_alias_is_what_the_warmer_invokes() -> None:
    """plugin/service.cjs decides which: the target's own, or the one that the deploy tool gives the function."""
    setting = [{"function": "api", "concurrency": 1}]
    aliased = [Function("api", "pilotlight-prod-api", 10, alias="live")]
    assert resolve(setting, aliased)[0]["function"] == "pilotlight-prod-api:live"


@pytest.mark.parametrize(("function", "seconds"), [("api", 10.0), ("worker", 50.0)])
def test_a_targets_timeout_is_its_functions(function: str, seconds: float) -> None:
    setting = [{"function": function, "concurrency": 1}]
    assert parse_targets(json.dumps(resolve(setting, FUNCTIONS)))[0].timeout_seconds == seconds


@pytest.mark.parametrize(
    ("zone", "rule"),
    [("UTC", "UTC0"), ("Asia/Kolkata", "IST-5:30"), ("America/New_York", "EST5EDT,M3.2.0,M11.1.0")],
)
def test_a_time_zones_rule_is_a_posix_string(zone: str, rule: str) -> None:
    assert posix_zone(zone) == rule


@pytest.mark.parametrize(
    ("targets", "message"),
    [
        (None, "custom.pilotlight.targets must be a list"),
        (["api"], r"targets\[0\] must be an object"),
        ([{"function": "apo", "concurrency": 1}], r"targets\[0\].function must be one of api, worker, not 'apo'"),
        ([{"function": "api", "concurrency": "five"}], r"targets\[0\].concurrency must be a whole number"),
        ([{"function": "api", "concurrency": 1, "windows": [WINDOW]}], "timeZone is missing"),
        ([{"function": "api", "concurrency": 1, "timeZone": "Berlin"}], r"timeZone must be .* not 'Berlin'"),
        ([{"function": "api", "concurrency": 1, "timeZone": 3}], r"timeZone must be"),
        ([{"function": "api", "concurrency": 1, "timeout": 3}], r"targets\[0\].timeout is not known"),
        ([{"function": "api", "concurrency": 1, "build": "a"}], r"targets\[0\].build is not known"),
        ([{"function": "api", "concurrency": 1, "alias": "a b"}], r"targets\[0\].alias must be"),
        (
            [{"function": "api", "concurrency": 1, "timeZone": "UTC", "windows": [{**WINDOW, "days": "monday"}]}],
            r"custom.pilotlight.targets\[0\].windows\[0\].days must be a day",
        ),
    ],
)
def test_an_error_names_the_key_in_serverless_yml(targets: Any, message: str) -> None:
    with pytest.raises(TargetsError, match=message):
        resolve(targets, FUNCTIONS)


def test_the_command_prints_the_list_or_one_line_of_error() -> None:
    def run(targets: Any) -> subprocess.CompletedProcess[str]:
        of_api = {"names": {"api": "pilotlight-prod-api"}, "timeouts": {"api": 10}, "aliases": {"api": None}}
        request = json.dumps({"targets": targets, "functions": ["api", "worker"], **of_api})
        command = [sys.executable, "-m", "pilotlight_build.resolve_targets"]
        environment = {**os.environ, "PYTHONPATH": str(PROJECT / "plugin" / "python")}
        return subprocess.run(command, input=request, env=environment, capture_output=True, text=True, check=False)

    good, bad = run([{"function": "api", "concurrency": 1}]), run([])
    assert good.returncode == 0
    assert json.loads(good.stdout) == [{"function": "pilotlight-prod-api", "concurrency": 1, "timeout": 10}]
    assert (bad.returncode, bad.stdout, len(bad.stderr.splitlines())) == (1, "", 1)
