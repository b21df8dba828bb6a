"""`npm run latency`: its options, its output, and the remedy for each problem."""

import json
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import boto3
import pytest
from botocore import exceptions
from botocore.stub import Stubber

from pilotlight_tools.latency.deployment import Deployment, find_deployment, nothing_found
from pilotlight_tools.latency.problems import Problem, explained
from pilotlight_tools.latency.running import RunningService, announce, find
from pilotlight_tools.local.exchange import Exchange
from pilotlight_tools.local.xray import XRay
from tests.support.xray_records import SERVICE, STAGE, RecordMaker, datagram, send

NAME = SERVICE.removesuffix(f"-{STAGE}")


def command(*arguments: str) -> list[str]:
    return [sys.executable, "-m", "pilotlight_tools.latency", *arguments]


def run(*arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    """The command with an environment of its own: no credentials and no region but those given."""
    nowhere = {"HOME": "/nonexistent", "AWS_EC2_METADATA_DISABLED": "true", "COLUMNS": "100", "PYTHONUTF8": "1"}
    return subprocess.run(
        command(*arguments), env=nowhere | environment, capture_output=True, text=True, timeout=60, check=False
    )


@pytest.fixture(scope="module")
def xray() -> Iterator[XRay]:
    records = RecordMaker()
    with XRay(service=SERVICE, stage=STAGE) as made:
        now = time.time()
        for index in range(20):
            is_cold = index < 4
            at = now - 60 + index
            record = records.request(at, start="cold" if is_cold else "warm", init_ms=200.0 if is_cold else None)
            end = at + (0.5 if is_cold else 0.05)
            made.measured(Exchange(at, end, "GET", "http://h/hello", 200, record["aws"]["request_id"]))
            send(made.daemon_address, [datagram(record)])
        send(made.daemon_address, map(datagram, records.tick(now - 70, cold=1)))
        made.flush(settle=True)
        yield made


def test_a_table_with_cold_beside_warm(xray: XRay) -> None:
    result = run("--stage", STAGE, "--service", NAME, "--last", "15m", AWS_ENDPOINT_URL_XRAY=xray.endpoint_url)
    assert result.returncode == 0, result.stderr
    assert "20 user requests" in result.stdout
    rows = [line.split() for line in result.stdout.splitlines()]
    assert ["cold", "4", "20.00", "%", "500"] in [row[:5] for row in rows]
    assert ["warm", "16", "80.00", "%", "50.0"] in [row[:5] for row in rows]
    assert (
        "Cold-start rate 20.00 % of the traced requests; the cold median, 500 ms, is 10.0 times the warm one."
        in result.stdout
    )
    assert "█" in result.stdout


def test_json_holds_the_same_figures_and_nothing_else_is_on_stdout(xray: XRay) -> None:
    result = run("--stage", STAGE, "--service", NAME, "--json", AWS_ENDPOINT_URL_XRAY=xray.endpoint_url)
    report = json.loads(result.stdout)
    assert report["starts"]["cold"]["response"]["p50"] == pytest.approx(500)
    assert report["cold_start_rate"] == 0.2
    assert report["pings"]["ticks"] == 1


def test_one_route_or_function_and_the_verdicts_choices(xray: XRay) -> None:
    options = ("--stage", STAGE, "--service", NAME, "--json", "--price-of-a-cold-start", "0.2", "--idle-minutes", "9")
    result = run(*options, "--route", "/hello", AWS_ENDPOINT_URL_XRAY=xray.endpoint_url)
    report = json.loads(result.stdout)
    assert (report["requests"], report["selection"]) == (20, "route /hello")
    assert (report["verdict"]["price_of_a_cold_start"], report["verdict"]["assumed_idle_minutes"]) == (0.2, 9.0)
    nothing = run(*options, "--function", "mail", AWS_ENDPOINT_URL_XRAY=xray.endpoint_url)
    assert nothing.returncode == 3
    assert nothing.stderr.startswith("error: No request to function mail in the last 6h. The report without --route")


def test_several_services_have_a_report_each(xray: XRay) -> None:
    options = ("--stage", STAGE, "--service", NAME, "--service", NAME)
    both = run(*options, "--json", AWS_ENDPOINT_URL_XRAY=xray.endpoint_url)
    assert [report["requests"] for report in json.loads(both.stdout)] == [20, 20]
    printed = run(*options, AWS_ENDPOINT_URL_XRAY=xray.endpoint_url)
    assert printed.stdout.count("20 user requests") == 2


def test_a_service_without_traces_takes_nothing_from_the_others(xray: XRay) -> None:
    options = ("--stage", STAGE, "--service", "other", "--service", NAME, "--json")
    result = run(*options, AWS_ENDPOINT_URL_XRAY=xray.endpoint_url)
    assert result.returncode == 3
    assert result.stderr.startswith(f"error: other-{STAGE} has no traces")
    assert [report["requests"] for report in json.loads(result.stdout)] == [20]


def test_a_page_is_of_one_service(tmp_path: Path) -> None:
    options = ("--stage", STAGE, "--service", "a", "--service", "b", "--html", str(tmp_path / "page.html"))
    result = run(*options, AWS_ENDPOINT_URL_XRAY="http://127.0.0.1:9")
    assert result.returncode == 2
    assert result.stderr == "error: A page shows one service. Give --html with one --service.\n"


def test_html_is_written_with_its_folder(xray: XRay, tmp_path: Path) -> None:
    file = tmp_path / "new" / "page.html"
    result = run("--stage", STAGE, "--service", NAME, "--html", str(file), AWS_ENDPOINT_URL_XRAY=xray.endpoint_url)
    assert result.returncode == 0, result.stderr
    assert file.read_text(encoding="utf-8").startswith("<!doctype html>")


@pytest.mark.parametrize("file", ["/dev/null/page.html", "/"])
def test_a_page_that_cannot_be_written_is_reported_before_anything_is_read(file: str) -> None:
    """The X-Ray of this test would refuse to be read."""
    result = run("--stage", STAGE, "--service", NAME, "--html", file, AWS_ENDPOINT_URL_XRAY="http://127.0.0.1:9")
    assert result.returncode == 1
    assert result.stderr.startswith(f"error: {file} cannot be written (")
    assert result.stderr.endswith("). Name another file: --html FILE\n")


def test_a_page_that_could_be_written_leaves_no_file_when_there_is_nothing_to_show(xray: XRay, tmp_path: Path) -> None:
    file = tmp_path / "page.html"
    result = run("--stage", STAGE, "--service", "x", "--html", str(file), AWS_ENDPOINT_URL_XRAY=xray.endpoint_url)
    assert result.returncode == 3
    assert not file.exists()


def test_a_profile_that_does_not_exist_is_named_beside_those_that_do(tmp_path: Path) -> None:
    file = tmp_path / "config"
    file.write_text("[default]\nregion = eu-west-1\n[profile work]\nregion = eu-west-1\n")
    result = run("--stage", "prod", AWS_PROFILE="nope", AWS_CONFIG_FILE=str(file))
    assert result.returncode == 1
    assert result.stderr == (
        "error: There is no AWS profile nope, which AWS_PROFILE names. "
        "Choose one of default, work: export AWS_PROFILE=…, or unset it.\n"
    )


def test_the_local_stack_is_read_whatever_aws_settings_the_shell_has(xray: XRay, tmp_path: Path) -> None:
    file = tmp_path / "config"
    file.write_text("[profile")
    settings = {"AWS_PROFILE": "nope", "HTTP_PROXY": "http://127.0.0.1:9", "http_proxy": "http://127.0.0.1:9"}
    result = run("--stage", STAGE, "--service", NAME, AWS_ENDPOINT_URL_XRAY=xray.endpoint_url, **settings)
    assert result.returncode == 0, result.stderr
    broken = run("--stage", "prod", AWS_CONFIG_FILE=str(file))
    assert broken.returncode == 1
    assert broken.stderr.startswith(f"error: Unable to parse config file: {file}: mend that file, or give --region.")


def test_a_stage_that_may_be_misspelt_is_noticed() -> None:
    result = run("--stage", "prdo", "--region", "us-east-1")
    assert result.stderr.startswith("notice: stage prdo has no `params` of its own in serverless.yml")
    assert "Did you mean prod?\n" in result.stderr


def test_no_traces_yet_is_reported_with_the_remedy(xray: XRay) -> None:
    result = run("--stage", STAGE, "--service", "other", AWS_ENDPOINT_URL_XRAY=xray.endpoint_url)
    assert result.returncode == 3
    assert result.stderr.startswith("error: ")
    assert "other-test has no traces in the last 6h yet" in result.stderr
    assert "Make some requests" in result.stderr


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--stage", "local", "--last", "yesterday"], "is not a duration"),
        (["--stage", "local", "--most", "0"], "whole number above 0"),
        (["--stage", "local", "--price-of-a-cold-start", "0"], "number above 0"),
        (["--stage", "local", "--idle-minutes", "inf"], "number above 0"),
        ([], "--stage"),
    ],
)
def test_wrong_usage_is_refused(arguments: list[str], words: str) -> None:
    result = run(*arguments)
    assert result.returncode == 2
    assert words in result.stderr


def test_missing_credentials_are_reported_without_a_traceback() -> None:
    result = run("--stage", "prod", "--region", "us-east-1")
    assert result.returncode == 1
    assert result.stderr.startswith("error: ")
    assert "no AWS credentials" in result.stderr
    assert "aws sso login" in result.stderr
    assert "Traceback" not in result.stderr


@pytest.mark.slow
def test_an_x_ray_that_does_not_respond_is_reported() -> None:
    with XRay(service=SERVICE, stage=STAGE) as gone:
        endpoint = gone.endpoint_url
    result = run("--stage", STAGE, AWS_ENDPOINT_URL_XRAY=endpoint)
    assert result.returncode == 1
    assert f"does not respond at {endpoint}" in result.stderr
    assert "npm start" in result.stderr


def test_ctrl_c_ends_it_at_once_with_130() -> None:
    """Interrupted in the middle of a reading that would not end by itself."""
    reading = threading.Event()

    def admit(_: str) -> bool:
        reading.set()
        return False

    with XRay(service=SERVICE, stage=STAGE, admit=admit) as throttling:
        environment = {"AWS_ENDPOINT_URL_XRAY": throttling.endpoint_url, "HOME": "/nonexistent"}
        process = subprocess.Popen(command("--stage", STAGE), env=environment, stderr=subprocess.PIPE, text=True)
        # Every call is throttled, and the first shows that it is reading.
        assert reading.wait(60)
        process.send_signal(signal.SIGINT)
        _, errors = process.communicate(timeout=30)
    assert process.returncode == 130
    assert "Traceback" not in errors


def refused(code: str) -> exceptions.ClientError:
    return exceptions.ClientError({"Error": {"Code": code, "Message": "no"}}, "GetTraceSummaries")


@pytest.mark.parametrize(
    ("raised", "wrong", "remedy"),
    [
        (exceptions.NoCredentialsError(), "no AWS credentials", "aws configure"),
        (exceptions.ProfileNotFound(profile="x"), "no AWS profile x, which AWS_PROFILE names", "aws configure"),
        (exceptions.ConfigParseError(path="~/.aws/config"), "~/.aws/config", "Mend that file"),
        (exceptions.NoRegionError(), "No AWS region", "--region"),
        (refused("ExpiredTokenException"), "does not accept these credentials", "aws sso login"),
        (refused("AccessDeniedException"), "may not call xray:GetTraceSummaries", "AWSXrayReadOnlyAccess"),
        (refused("ThrottledException"), "throttled GetTraceSummaries", "shorter --last"),
        (refused("InvalidRequestException"), "refused GetTraceSummaries: no", "report"),
        (exceptions.EndpointConnectionError(endpoint_url="x"), "does not respond", "network"),
    ],
)
def test_every_problem_has_a_remedy(raised: Exception, wrong: str, remedy: str) -> None:
    with pytest.raises(Problem) as problem, explained(None):
        raise raised
    assert wrong in problem.value.wrong
    assert remedy in problem.value.remedy


@pytest.fixture
def project(tmp_path: Path) -> Path:
    configuration = "service: shop\nprovider:\n  region: eu-west-1\nresources:\n  - Value: !Sub '${AWS::Region}'\n"
    (tmp_path / "serverless.yml").write_text(configuration)
    return tmp_path


def test_service_and_region_come_from_the_configuration(project: Path) -> None:
    deployment = find_deployment("prod", environment={}, project=project)
    assert deployment == Deployment(
        "shop-prod", "prod", "eu-west-1", None, local=False, apis=("shop-prod", "prod-shop"), stack="shop-prod"
    )
    deployment = find_deployment(
        "prod",
        service="cart",
        region="us-west-2",
        environment={"AWS_REGION": "eu-north-1"},
        project=project,
    )
    assert (deployment.service, deployment.region) == ("cart-prod", "us-west-2")


@pytest.mark.parametrize(
    ("configured", "names"),
    [
        ("{apiName: 'the-${self:service}-${sls:stage}'}", ("the-shop-prod", "shop-prod", "prod-shop")),
        ("{apiName: \"${opt:stage, 'dev'}-api\"}", ("prod-api", "shop-prod", "prod-shop")),
        ("{apiName: '${file(names.js):api}'}", ("shop-prod", "prod-shop")),
    ],
)
def test_a_rest_api_is_found_by_its_own_name_and_by_the_deploy_tools(
    tmp_path: Path, configured: str, names: tuple[str, ...]
) -> None:
    (tmp_path / "serverless.yml").write_text(f"service: shop\nprovider: {configured}\n")
    deployment = find_deployment("prod", region="eu-west-1", environment={}, project=tmp_path)
    assert deployment.apis == names
    # The file is another service's: what it configures says nothing.
    other = find_deployment("prod", service="cart", region="eu-west-1", environment={}, project=tmp_path)
    assert other.apis == ("cart-prod", "prod-cart")


@pytest.mark.parametrize(
    ("configured", "stack"),
    [("{stackName: 'team-${self:service}'}", "team-shop"), ("{stackName: '${env:STACK}'}", None)],
)
def test_a_stack_may_have_a_name_of_its_own(tmp_path: Path, configured: str, stack: str | None) -> None:
    (tmp_path / "serverless.yml").write_text(f"service: shop\nprovider: {configured}\n")
    assert find_deployment("prod", region="eu-west-1", environment={}, project=tmp_path).stack == stack


def test_without_a_configured_name_the_service_must_be_given(tmp_path: Path) -> None:
    with pytest.raises(Problem, match="--service"):
        find_deployment("prod", environment={}, project=tmp_path)


def test_the_local_stage_is_found_where_npm_start_says(project: Path) -> None:
    arguments: dict[str, Any] = {"environment": {}, "project": project}
    with pytest.raises(Problem, match="npm start"):
        find_deployment("local", **arguments)
    stack = RunningService("shop-dev", "dev", "http://127.0.0.1:1/dev", "http://127.0.0.1:2", None)
    with announce(stack, project):
        assert find_deployment("dev", **arguments).endpoint_url == "http://127.0.0.1:2"
        assert find_deployment("prod", **arguments).endpoint_url is None
        with pytest.raises(Problem, match="--stage dev"):
            find_deployment("local", **arguments)
    assert not (project / "build").exists()


def test_the_logs_of_a_local_stack_are_its_engines(project: Path) -> None:
    stack = RunningService("shop-dev", "dev", "http://127.0.0.1:1", "http://127.0.0.1:2", None, "http://127.0.0.1:3")
    with announce(stack, project):
        assert find_deployment("dev", environment={}, project=project).engine_url == "http://127.0.0.1:3"
    variables = {"AWS_ENDPOINT_URL_XRAY": "http://127.0.0.1:2", "AWS_ENDPOINT_URL": "http://127.0.0.1:3"}
    found = find_deployment("dev", environment=variables, project=project)
    assert (found.endpoint_url, found.engine_url, found.local) == ("http://127.0.0.1:2", "http://127.0.0.1:3", True)


def test_a_local_stack_stands_in_for_a_stage_of_aws_and_it_is_said(
    project: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    stack = RunningService("shop-prod", "prod", "http://127.0.0.1:1", "http://127.0.0.1:2")
    arguments: dict[str, Any] = {"environment": {"AWS_REGION": "eu-west-1"}, "project": project}
    with announce(stack, project):
        assert find_deployment("prod", **arguments).local
        assert not find_deployment("prod", region="eu-west-1", **arguments).local
    [line] = capsys.readouterr().err.splitlines()
    assert line.startswith("notice: stage prod runs on this machine and is what is read; `--region ")


def test_of_two_stacks_the_one_that_still_runs_is_found(project: Path) -> None:
    """Also where it was started first, and the other one has ended since."""
    first = RunningService("shop-local", "local", "http://127.0.0.1:1", "http://127.0.0.1:2")
    second = RunningService("shop-local", "local", "http://127.0.0.1:3", "http://127.0.0.1:4")
    arguments: dict[str, Any] = {"environment": {}, "project": project}
    with announce(first, project):
        with announce(second, project), pytest.raises(Problem) as problem:
            find_deployment("local", **arguments)
        assert find_deployment("local", **arguments).endpoint_url == "http://127.0.0.1:2"
    assert "2 local stacks of stage local run here" in problem.value.wrong
    for each in (first, second):
        assert f"AWS_ENDPOINT_URL_XRAY={each.xray_endpoint} (API {each.api_url})" in problem.value.remedy


def test_a_project_folder_that_cannot_be_written_is_a_notice(project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (project / "build").write_text("a file, so that nobody can make a folder of this name")
    with announce(RunningService("shop-local", "local", "http://127.0.0.1:1", "http://127.0.0.1:2"), project):
        assert find(project) is None
    [line] = capsys.readouterr().err.splitlines()
    assert line.startswith("notice: ")
    assert "AWS_ENDPOINT_URL_XRAY=http://127.0.0.1:2" in line


def test_a_stack_whose_process_has_ended_is_not_found(tmp_path: Path) -> None:
    file = tmp_path / "build" / "running" / "2.json"
    stack = RunningService("shop-local", "local", "http://127.0.0.1:1", "http://127.0.0.1:2")
    ended = subprocess.Popen(["true"])
    ended.wait()
    with announce(stack, tmp_path):
        assert find(tmp_path) == stack
        file.write_text(file.read_text().replace(str(os.getpid()), str(ended.pid)))
        assert find(tmp_path) is None
        for broken in ("", "{", "[]", "{}", '{"pid": "x"}'):
            file.write_text(broken)
            assert find(tmp_path) is None
        with announce(replace(stack, xray_endpoint="http://127.0.0.1:3"), tmp_path):
            assert not file.exists(), "the next start removes what the one that was killed left"


def test_transaction_search_explains_why_there_are_no_traces() -> None:
    problem = nothing_found(Deployment("shop-prod", "prod", "us-east-1", "http://elsewhere", local=False), "6h", True)
    assert "Transaction Search is on" in problem.wrong
    assert "update-indexing-rule" in problem.remedy


@pytest.mark.parametrize(
    ("code", "message", "wrong"),
    [
        ("ValidationError", "Stack with id shop-prod does not exist", "Stage prod is not deployed in us-east-1"),
        # Without permission it is not known whether the stage is deployed.
        ("AccessDenied", "not authorized", "has no traces of shop-prod in the last 6h yet"),
        (None, None, "has no traces of shop-prod in the last 6h yet"),
    ],
)
def test_a_stage_that_is_not_deployed_is_distinguished_from_one_without_traces(
    code: str | None, message: str, wrong: str
) -> None:
    client = boto3.client("cloudformation", "us-east-1", aws_access_key_id="test", aws_secret_access_key="test")
    with Stubber(client) as cloudformation:
        if code:
            cloudformation.add_client_error("describe_stacks", code, message)
        else:
            stack = {"StackName": "shop-prod", "CreationTime": datetime.now(UTC), "StackStatus": "CREATE_COMPLETE"}
            cloudformation.add_response("describe_stacks", {"Stacks": [stack]}, {"StackName": "shop-prod"})
        target = Deployment("shop-prod", "prod", "us-east-1", None, local=False, stack="shop-prod")
        assert wrong in nothing_found(target, "6h", False, client).wrong
