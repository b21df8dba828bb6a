"""A known history, and every record of it compared with what the engine really did, environment by environment.

The independent witness is the operating system. Each execution environment is a process of the engine's; the routes
added here (tests/support/truth.py) return their process id, and the processes that live before a request show whether
it could have been warm. What each request must be is written down beside (truth_expected.json), by hand.
"""

from __future__ import annotations

import io
import json
import os
import re
import signal
import time
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from statistics import fmean, median_low
from typing import Any, cast

import boto3
import pytest
import requests
from rich.console import Console

from pilotlight.environment import PROACTIVE_AFTER_SECONDS
from pilotlight_tools.latency import tables
from pilotlight_tools.latency.make_report import Options, make_report
from pilotlight_tools.latency.open_reader import open_reader
from pilotlight_tools.latency.report import Report, Verdict
from pilotlight_tools.latency.stage_costs import costs_of
from pilotlight_tools.latency.time_range import TimeRange
from pilotlight_tools.local.history import History
from pilotlight_tools.local.service import Service
from tests.conftest import until
from tests.support.access_log import met_by
from tests.support.processes import children_of, environment_of, is_alive
from tests.support.truth import NO_RECORD, Met, expected, expected_history, make_truth_project, sums

pytestmark = [pytest.mark.end_to_end, pytest.mark.slow, pytest.mark.xdist_group("truth")]

WARMED = expected()["warmed"]
LIMIT = 2
"""Requests to /limited that pass."""
STARTED = ("count", "errors", "faults", "throttles")
COUNTED = ("requests", "cold", "without_record", "errors", "faults")


@dataclass
class Expected:
    """What the record of one request must contain, according to the witness."""

    request_id: str
    start: str
    warmed_by_ping: bool
    process: int
    path: str
    status: int


@dataclass
class Witness:
    """Drives the service and notes what really happened."""

    service: Service
    history: History
    met: list[Met] = field(default_factory=list)
    expected: list[Expected] = field(default_factory=list)
    made_by_ping: set[int] = field(default_factory=set)
    ticks: list[dict[str, Any]] = field(default_factory=list)

    def environments(self, function: str) -> set[int]:
        """The processes that are execution environments of a function now."""
        name = self.service.stage.functions[function]
        return {
            process
            for process in children_of(self.service.stage.engine.process_id or 0)
            if environment_of(process).get("AWS_LAMBDA_FUNCTION_NAME") == name and is_alive(process)
        }

    def send(self, *paths: str, function: str = "api") -> list[requests.Response]:
        """Send concurrent requests to a function, and note what each met."""
        before = self.environments(function)
        with ThreadPoolExecutor(len(paths)) as pool:
            responses = list(pool.map(lambda path: requests.get(self.service.url + path, timeout=60), paths))
        for path, response in zip(paths, responses, strict=True):
            self._note(path.partition("?")[0], response, before, function)
        return responses

    def tick(self) -> dict[str, Any]:
        before = {function: self.environments(function) for function in WARMED}
        result = self.service.stage.tick()
        for function, processes in before.items():
            self.made_by_ping |= self.environments(function) - processes
        self.ticks.append(result)
        return result

    def end(self, function: str, *, but: int = 0) -> None:
        """End environments while they are idle, as Lambda does without notice, but for some."""
        ended = sorted(self.environments(function))[but:]
        for process in ended:
            os.kill(process, signal.SIGKILL)
        until(lambda: not self.environments(function) & set(ended), what="the environments to be gone")

    def _note(self, path: str, response: requests.Response, before: set[int], function: str) -> None:
        process = self._process_of(response, before)
        start = NO_RECORD if process is None else "warm" if process in before else "cold"
        self.met.append(Met(_resource(path), function, response.status_code, start))
        if process is not None and (request_id := response.headers.get("X-Request-Id")):
            by_ping = process in self.made_by_ping
            self.expected.append(Expected(request_id, start, by_ping, process, path, response.status_code))

    def _process_of(self, response: requests.Response, before: set[int]) -> int | None:
        """The process that responded, by what it says itself; None where none did."""
        if told := re.search(r'"process": (\d+)|"detail": "(\d+)"|raised in (\d+)', response.text):
            return int(next(filter(None, told.groups())))
        if "X-Request-Id" in response.headers and response.status_code in (404, 500):
            (process,) = before  # only this process can have responded, one request at a time
            return process
        return None


def _resource(path: str) -> str:
    """API Gateway's resource for a path of this service."""
    if path.startswith("/orders/"):
        return "/orders/{action}"
    return path if path in expected()["routes"] else "/{proxy+}"


@pytest.fixture(scope="module")
def witness(sample_project: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Witness]:
    history = History()
    project = make_truth_project(sample_project, tmp_path_factory.mktemp("truth") / "project")
    with Service(project=project, parameters={"concurrency": WARMED["api"]}, on_pair=history.add) as service:
        service.stage.stop_schedule()
        limit(service)
        yield Witness(service, history)


def limit(service: Service) -> None:
    """Let LIMIT requests to /limited pass, and then none for a long time ("Throttle requests to your REST APIs")."""
    settings = {"burstLimit": str(LIMIT), "rateLimit": "0.001"}
    client: Any = boto3.client("apigateway", **service.stage.connection)
    client.update_stage(
        restApiId=service.stage.api_id,
        stageName=service.stage.name,
        patchOperations=[
            {"op": "replace", "path": f"/~1limited/GET/throttling/{name}", "value": value}
            for name, value in settings.items()
        ],
    )


def test_every_record_agrees_with_what_the_engine_really_did(witness: Witness) -> None:
    started = time.time()
    drive(witness)
    witness.service.access_log.flush()
    witness.service.xray.flush(settle=True)
    assert Counter(witness.met) == expected_history(), "the engine did what is written down"
    assert [tick["coverage"] for tick in witness.ticks] == [expected()["ticks"]["coverage"]] * expected()["ticks"][
        "count"
    ]
    check_records(witness)
    check_access_log(witness)
    check_report(witness, started)
    read_back(witness, started)


def drive(witness: Witness) -> None:
    """The history of truth_expected.json, in its order."""
    # cold by a user, then warm, an error and an exception in the same environment
    for path in ("/process", "/process", "/refuse", "/break", "/nowhere"):
        witness.send(path)

    # cold by ping, warm after ping, and bursts over the number warmed
    witness.end("api")
    assert witness.tick()["cold"] == sum(WARMED.values())
    witness.send(*["/process?seconds=0.5"] * WARMED["api"])
    witness.send(*["/process?seconds=1"] * (WARMED["api"] + 2))
    witness.send(*["/orders?seconds=0.5"] * WARMED["orders"], function="orders")
    witness.send(*["/orders?seconds=1"] * (WARMED["orders"] + 1), function="orders")
    assert witness.tick()["cold"] == 0

    # expiry
    witness.end("api")
    witness.send("/process")
    witness.send(*["/process?seconds=1"] * 3)
    witness.end("api", but=1)
    witness.send(*["/process?seconds=1"] * 2)

    # refused by Lambda
    name = witness.service.stage.functions["api"]
    client = boto3.client("lambda", **witness.service.stage.connection)
    client.put_function_concurrency(FunctionName=name, ReservedConcurrentExecutions=1)
    try:
        witness.send(*["/process?seconds=1"] * 3)
    finally:
        client.delete_function_concurrency(FunctionName=name)

    # time-outs and crashes, which end the environment, and a wrapped handler that raises
    witness.send(*["/sleep"] * 3)
    assert witness.environments("api") == set()
    for path in ("/process", "/crash", "/process"):
        witness.send(path)
    witness.send("/orders/raise", function="orders")
    witness.end("orders")
    for path in ("/orders/raise", "/orders/crash", "/orders", "/orders"):
        witness.send(path, function="orders")

    # refused by API Gateway
    for path in [*["/limited"] * (LIMIT + 3), "/private"]:
        witness.send(path)


def test_an_environment_initialised_long_ahead_is_proactive(witness: Witness) -> None:
    client = boto3.client("lambda", **witness.service.stage.connection)
    name = witness.service.stage.functions["api"]
    before = witness.environments("api")
    # The engine starts a SnapStart version's environment when it is published. With another initialization type, which
    # Lambda would not let a function set, it is for the function an init long before the first invocation.
    variables = client.get_function_configuration(FunctionName=name)["Environment"]["Variables"]
    client.update_function_configuration(
        FunctionName=name,
        SnapStart={"ApplyOn": "PublishedVersions"},
        Environment={"Variables": {**variables, "AWS_LAMBDA_INITIALIZATION_TYPE": "on-demand"}},
    )
    until(lambda: client.get_function_configuration(FunctionName=name)["LastUpdateStatus"] == "Successful")
    version = client.publish_version(FunctionName=name)["Version"]
    made = until(lambda: witness.environments("api") - before, what="the engine to initialise ahead of need")
    time.sleep(PROACTIVE_AFTER_SECONDS + 1)  # the wait is the point: the first request comes long after the init
    starts = [invoke(witness, client, f"{name}:{version}") for _ in range(2)]
    assert made
    assert starts == ["proactive", "warm"]


def invoke(witness: Witness, client: Any, function: str) -> str:
    event = {"httpMethod": "GET", "path": "/process", "headers": {}, "requestContext": {"path": "/local/process"}}
    result = client.invoke(FunctionName=function, Payload=json.dumps(event))
    response = json.loads(result["Payload"].read())
    witness.service.xray.flush(settle=True)
    record = witness.history.record_of(response["headers"]["X-Request-Id"])
    assert record is not None, "the invocation left no record"
    return str(record["annotations"]["start"])


def check_records(witness: Witness) -> None:
    """Each record says what the witness saw, and what left none has none."""
    misclassified = []
    identities: dict[int, str] = {}
    for each in witness.expected:
        record = witness.history.record_of(each.request_id)
        assert record is not None, f"no record of {each}"
        found = record["annotations"]
        recorded = (found["start"], found["warmed_by_ping"], found["cold_start"], found["status"])
        truth = (each.start, each.warmed_by_ping, each.start == "cold", each.status)
        if recorded != truth or found["route"] not in (each.path, ""):
            misclassified.append((each, recorded))
        assert identities.setdefault(each.process, found["environment"]) == found["environment"]
    assert misclassified == []
    assert len(set(identities.values())) == len(identities), "two processes gave the same environment id"
    assert len(witness.history.records("request")) == sum(each.start != NO_RECORD for each in witness.met)
    assert {each.start for each in witness.expected} == {"cold", "warm"}


def check_access_log(witness: Witness) -> None:
    """The access log, joined with the functions' log lines, counts what is written down."""
    found = met_by(witness.service.stage, lambda request_id: witness.history.record_of(request_id) is not None)
    met = [each for _, each in found]
    assert Counter(met) == expected_history()
    assert sums(met) == {name: expected()[name] for name in ("requests", "starts", "routes", "functions")}
    by_id = {line["integrationRequestId"]: (line, each) for line, each in found}
    for each in witness.expected:
        line, said = by_id[each.request_id]
        assert (said.start, line["status"], line["path"]) == (each.start, str(each.status), f"/local{each.path}")
        record = witness.history.record_of(each.request_id)
        assert record is not None
        assert line["xrayTraceId"] == record["trace_id"]
    measured = {
        (str(int(exchange.started_at * 1000)), str(round(exchange.milliseconds)), exchange.trace_id)
        for pair in witness.history.exchanged()
        if (exchange := pair.exchange) is not None
    }
    assert {(line["time"], line["latencyMs"], line["xrayTraceId"]) for line, _ in found} == measured
    timed_out = [line for line, each in found if each.route == "/sleep"]
    assert {line["errorType"] for line in timed_out} == {"INTEGRATION_FAILURE"}
    assert {line["errorType"] for line, each in found if each.route == "/limited" and each.status == 429} == {
        "THROTTLED"
    }


def check_report(witness: Witness, started: float) -> None:
    """The report counts what is written down: in its table, in its groups, over time, in its verdict, in JSON."""
    deployment = witness.service.deployment
    time_range = TimeRange(started - 1, time.time() + 1)
    options = Options(costs=costs_of(deployment))
    report = make_report(
        open_reader(deployment), time_range, stage=deployment.stage, region=None, most=1000, options=options
    )
    told = report.as_dict()
    names = {name: function for function, name in witness.service.stage.functions.items()}
    by_route = {group["name"].removeprefix("GET "): counts_of(group) for group in told["routes"]}
    by_function = {names[group["name"]]: counts_of(group) for group in told["functions"]}
    assert (told["source"], told["requests"], told["measured"]) == ("access log", *[expected()["requests"]] * 2)
    assert {name: {key: start[key] for key in STARTED} for name, start in told["starts"].items()} == expected()[
        "starts"
    ]
    assert by_route == expected()["routes"]
    assert by_function == expected()["functions"]
    assert sum(point["requests"] for point in told["timeline"]) == expected()["requests"]
    assert sum(map(sum, told["heatmap"]["counts"])) == expected()["requests"]
    assert sum(map(sum, told["heatmap"]["cold"])) == expected()["starts"]["cold"]["count"]
    for start, counts in told["histogram"]["counts"].items():
        assert sum(counts) == expected()["starts"][start]["count"]
    cold_pings = {names[name]: each["cold_pings"] for name, each in told["pings"]["functions"].items()}
    assert cold_pings == expected()["ticks"]["cold_pings"]
    assert {each["ticks"] for each in told["pings"]["functions"].values()} == {expected()["ticks"]["count"]}
    assert told["pings"]["coverage_mean"] == expected()["ticks"]["coverage"]
    for start, times in times_of(witness).items():
        shown = told["starts"][start]["response"]
        assert (shown["count"], shown["p50"], shown["max"]) == (len(times), median_low(times), max(times)), start
        assert (shown["p90"] is None, shown["p99"] is None) == (len(times) < 10, True)
    check_table(report)
    check_verdict(witness, report.verdict)


def check_table(report: Report) -> None:
    """The table in the terminal has the same counts."""
    console = Console(file=io.StringIO(), width=200)
    tables.show(report, console)
    rows = [line.strip() for line in cast("io.StringIO", console.file).getvalue().splitlines()]
    for start, counts in expected()["starts"].items():
        share = 100 * counts["count"] / expected()["requests"]
        (row,) = (row for row in rows if re.match(rf"{start} +{counts['count']} +{share:.2f} %", row))
        assert row.split()[-2:] == [str(counts["errors"]), str(counts["faults"])]
    assert report.verdict.sentence in rows


def times_of(witness: Witness) -> dict[str, list[int]]:
    """The response times in the access log, in milliseconds, by start type."""
    times: dict[str, list[int]] = {}
    for line, each in met_by(witness.service.stage, lambda name: witness.history.record_of(name) is not None):
        times.setdefault(each.start, []).append(int(line["latencyMs"]))
    return times


def check_verdict(witness: Witness, verdict: Verdict) -> None:
    """The counts are those written down, and the times those of the front door's own clock."""
    for name in ("requests", "waited", "spared"):
        assert getattr(verdict, name) == expected()["verdict"][name], name
    least, most = expected()["verdict"]["cold_without_pings"]
    assert least <= (verdict.cold_without_pings or 0) <= most
    times = times_of(witness)
    longer = fmean(times["cold"]) - median_low(times["warm"])
    assert verdict.longer_ms == pytest.approx(longer)
    assert verdict.longer_in_all_ms == pytest.approx(len(times["cold"]) * longer)
    assert len(verdict.alternatives) == 4, "what was deployed could be read"
    assert f"12 of {expected()['requests']} requests waited for a cold start" in verdict.sentence


def counts_of(group: dict[str, Any]) -> dict[str, int]:
    return {key: group[key] for key in COUNTED}


def read_back(witness: Witness, started: float) -> None:
    """Check that X-Ray, read through boto3, counts the same."""
    client = boto3.client(
        "xray",
        endpoint_url=witness.service.xray.endpoint_url,
        region_name="us-east-1",
        aws_access_key_id="test",
        aws_secret_access_key="test",
    )
    pages = client.get_paginator("get_trace_summaries").paginate(
        StartTime=datetime.fromtimestamp(started - 60, UTC),
        EndTime=datetime.fromtimestamp(time.time() + 60, UTC),
        FilterExpression='annotation[kind] = "request" AND annotation[cold_start] = true',
    )
    cold = sum(len(page["TraceSummaries"]) for page in pages)
    assert cold == expected()["starts"]["cold"]["count"]
