"""`npm run cost`: serverless.yml as the Serverless Framework itself resolves it, flags, and errors."""

import json
from pathlib import Path
from typing import Any

import pytest

from pilotlight_tools.configuration import ConfigurationError
from pilotlight_tools.cost.__main__ import main
from pilotlight_tools.cost.configured_plan import parse_rate, plan_fields, print_configuration
from tests.support.project import PROJECT

SERVERLESS_YML = """
service: pilotlight
provider:
  name: aws
  runtime: python3.13
  architecture: arm64
  memorySize: 512
params:
  default: {concurrency: 3}
  prod: {concurrency: 12}
functions:
  api:
    handler: handler.handler
    memorySize: 1024
  warmer:
    handler: warmer.handler
    environment:
      PILOTLIGHT_TARGETS: '[{"function": "pilotlight-${sls:stage}-api", "concurrency": ${param:concurrency}}]'
    events:
      - schedule: rate(4 minutes)
"""


def configuration(**warmer: Any) -> dict[str, Any]:
    return {
        "provider": {"memorySize": 256, "architecture": "arm64"},
        "functions": {"api": {"name": "shop-dev-api"}, "warmer": warmer},
        "custom": {"pilotlight": {"warmer": "warmer"}},
    }


@pytest.fixture
def project(tmp_path: Path) -> Path:
    if not (PROJECT / "node_modules" / ".bin" / "sls").exists():
        pytest.fail("the Serverless Framework is not installed: run npm ci")
    (tmp_path / "serverless.yml").write_text(SERVERLESS_YML)
    (tmp_path / "node_modules").symlink_to(PROJECT / "node_modules")
    return tmp_path


@pytest.mark.slow
def test_a_stage_is_read_as_it_would_be_deployed(project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--stage", "prod", "--project", str(project), "--json", "--requests-per-month", "2000"]) == 0
    plan = json.loads(capsys.readouterr().out)["plan"]
    read = {name: plan[name] for name in ("memory_mb", "architecture", "concurrency", "interval_minutes")}
    assert read == {"memory_mb": 1024, "architecture": "arm64", "concurrency": 12, "interval_minutes": 4}
    assert (plan["warmer_memory_mb"], plan["requests_per_month"]) == (512, 2000)


@pytest.mark.slow
def test_a_relative_project_is_that_of_the_working_directory(
    project: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """And a stage that `params` do not name is noticed."""
    monkeypatch.chdir(project.parent)
    assert main(["--stage", "prd", "--project", project.name, "--json"]) == 0
    printed = capsys.readouterr()
    assert json.loads(printed.out)["plan"]["concurrency"] == 3
    assert printed.err.endswith("so the defaults apply. Did you mean prod?\n")


@pytest.mark.slow
def test_a_flag_stands_in_for_what_cannot_be_read(project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (project / "serverless.yml").write_text(SERVERLESS_YML.replace("rate(4 minutes)", "cron(0/5 * * * ? *)"))
    arguments = ["--stage", "prod", "--project", str(project), "--json"]
    assert main(arguments) == 1
    assert "--interval-minutes" in capsys.readouterr().err
    assert main([*arguments, "--interval-minutes", "5", "--memory-mb", "2048"]) == 0
    plan = json.loads(capsys.readouterr().out)["plan"]
    assert (plan["interval_minutes"], plan["memory_mb"], plan["concurrency"]) == (5, 2048, 12)


@pytest.mark.slow
def test_this_projects_own_stages_are_priced() -> None:
    configuration = print_configuration("prod", PROJECT)
    fields = plan_fields(configuration)
    assert fields["memory_mb"] == configuration["provider"]["memorySize"]
    assert fields["architecture"] == "arm64"
    targets = json.loads(configuration["functions"]["warmer"]["environment"]["PILOTLIGHT_TARGETS"])
    assert fields["concurrency"] == targets[0]["concurrency"]
    assert fields["interval_minutes"] == 5


@pytest.mark.slow
def test_a_configuration_that_does_not_resolve_says_why(project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    broken = SERVERLESS_YML.replace("${param:concurrency}", "${param:nothing}")
    (project / "serverless.yml").write_text(broken)
    assert main(["--stage", "dev", "--project", str(project)]) == 1
    assert "Cannot resolve serverless.yml" in capsys.readouterr().err


def test_without_the_serverless_framework_the_remedy_is_named(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["--stage", "dev", "--project", str(tmp_path)]) == 1
    printed = capsys.readouterr().err
    assert printed.startswith("error: ")
    assert "npm ci" in printed


def test_flags_override_defaults_and_the_table_says_what_was_computed(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--memory-mb", "2048", "--concurrency", "7", "--requests-per-month", "3000"]) == 0
    printed = capsys.readouterr().out
    assert "2048 MB arm64, 7 environments" in printed
    for name in ("no warming", "Pilotlight's warmer", "provisioned concurrency", "SnapStart"):
        assert name in printed


def test_json_holds_the_bills_the_break_even_and_the_date_of_the_prices(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--json"]) == 0
    report = json.loads(capsys.readouterr().out)
    assert [row["alternative"] for row in report["alternatives"]] == ["none", "warmer", "provisioned", "snapstart"]
    assert report["alternatives"][1]["price"] == pytest.approx(sum(report["alternatives"][1]["lines"].values()))
    assert set(report["break_even_requests_per_month"]) == {
        "users_keep_it_warm",
        "warmer_no_dearer_than_none",
        "provisioned_no_dearer_than_warmer",
        "snapstart_no_dearer_than_warmer",
    }
    assert report["prices_checked"].count("-") == 2


@pytest.mark.parametrize("arguments", [["--concurrency", "0"], ["--memory-mb", "1"], ["--cold-share", "2"]])
def test_impossible_flags_end_with_2_and_the_reason(arguments: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    assert main(arguments) == 2
    assert capsys.readouterr().err.startswith("error: ")


@pytest.mark.parametrize(
    ("arguments", "reason"),
    [
        (["--last", "7d"], "--last reads a deployed stage; it needs --stage"),
        (["--last", "7d", "--stage", "dev", "--function", "api"], "leave out --function"),
    ],
)
def test_last_needs_a_stage_and_prices_all_of_its_targets(
    arguments: list[str], reason: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(arguments) == 2
    assert reason in capsys.readouterr().err


def test_last_is_a_duration(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        main(["--stage", "dev", "--last", "a week"])
    assert ended.value.code == 2
    assert "not a duration" in capsys.readouterr().err


def test_a_stage_that_does_not_run_here_is_an_error_with_the_way_out(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "serverless.yml").write_text(SERVERLESS_YML)
    assert main(["--stage", "local", "--last", "1h", "--project", str(tmp_path)]) == 1
    assert capsys.readouterr().err.startswith("error: No local stack is running here")


def test_where_only_the_deploy_tool_knows_the_stack_flags_are_the_way_out(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    named = SERVERLESS_YML.replace("  name: aws", "  name: aws\n  region: eu-west-1\n  stackName: ${env:STACK}")
    (tmp_path / "serverless.yml").write_text(named)
    assert main(["--stage", "prod", "--last", "1h", "--project", str(tmp_path)]) == 1
    assert "Leave out --last" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("expression", "minutes"),
    [("rate(5 minutes)", 5), ("rate(1 minute)", 1), ("rate(2 hours)", 120), ("rate(1 day)", 1440)],
)
def test_a_rate_in_minutes(expression: str, minutes: float) -> None:
    assert parse_rate(expression) == minutes


@pytest.mark.parametrize("expression", ["cron(0/5 * * * ? *)", "rate(0 minutes)", "5 minutes", ""])
def test_any_other_schedule_asks_for_the_flag(expression: str) -> None:
    with pytest.raises(ConfigurationError, match="--interval-minutes"):
        parse_rate(expression)


@pytest.mark.parametrize(
    ("schedule", "minutes"),
    [
        ("rate(3 minutes)", 3),
        ({"rate": "rate(7 minutes)"}, 7),
        ({"rate": ["rate(8 minutes)", "rate(1 day)"], "enabled": True}, 8),
    ],
)
def test_every_form_of_a_schedule_is_read(schedule: object, minutes: float) -> None:
    assert plan_fields(configuration(events=[{"schedule": schedule}]))["interval_minutes"] == minutes


@pytest.mark.parametrize(
    ("concurrency", "expected"),
    [(4, 4), ("auto", 9), (0, 1)],
)
@pytest.mark.parametrize(
    "target", ["shop-dev-api", "shop-dev-api:live", "arn:aws:lambda:eu-west-1:1:function:shop-dev-api"]
)
def test_auto_is_priced_at_its_maximum(target: str, concurrency: object, expected: int) -> None:
    targets = [
        {"function": "other", "concurrency": 50},
        {"function": target, "concurrency": concurrency, "min": 1, "max": 9},
    ]
    fields = plan_fields(configuration(environment={"PILOTLIGHT_TARGETS": json.dumps(targets)}))
    assert fields["concurrency"] == expected


def test_a_function_that_is_no_target_asks_for_the_flag() -> None:
    targets = json.dumps([{"function": "other", "concurrency": 50}])
    with pytest.raises(ConfigurationError, match="no target api or shop-dev-api: give --concurrency"):
        plan_fields(configuration(environment={"PILOTLIGHT_TARGETS": targets}))


def test_what_the_framework_deploys_by_default_is_assumed_where_the_file_is_silent() -> None:
    deployed = {"memory_mb": 1024, "architecture": "x86_64", "observability": False}
    assert plan_fields({"functions": {"api": {}}}) == deployed


def test_what_a_stage_traces_and_measures_is_read_and_a_flag_wins() -> None:
    stage = configuration()
    stage["custom"]["pilotlight"] |= {"observability": True, "sampling": 0.5}
    stage["functions"]["api"]["events"] = [
        {"http": "GET /orders"},
        {"http": {"path": "/", "method": "get"}},
        {"sqs": "a"},
    ]
    stage["provider"]["apiGateway"] = {"metrics": True}
    read = {"observability": True, "sampling": 0.5, "api_methods_measured": 2}
    assert plan_fields(stage).items() >= read.items()
    assert "sampling" not in plan_fields(stage, given=["sampling"])
    stage["custom"]["pilotlight"]["observability"] = False
    assert "sampling" not in plan_fields(stage), "without the rule Lambda decides"


def test_an_unknown_function_is_refused_with_the_known_ones() -> None:
    with pytest.raises(ConfigurationError, match="it has: api, warmer"):
        plan_fields(configuration(), "shop")


def test_targets_that_are_not_json_are_an_error() -> None:
    with pytest.raises(ConfigurationError, match="not JSON"):
        plan_fields(configuration(environment={"PILOTLIGHT_TARGETS": "five"}))
