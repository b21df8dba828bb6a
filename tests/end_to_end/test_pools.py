"""The pool that users reach is the pool that is pinged, also where Lambda itself keeps it ready: real deployments."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import boto3
import pytest
import requests

from pilotlight_tools.local.history import History
from pilotlight_tools.local.introduction import schedule_of
from pilotlight_tools.local.service import Service
from tests.support.template import Change, replaced

pytestmark = [pytest.mark.end_to_end, pytest.mark.slow, pytest.mark.xdist_group("pools")]
OF_API = "    description: The API of handler.py\n"
NIGHTLY = """
  nightly:
    handler: handler.handler
    events:
      - schedule: rate(1 hour)
"""


@contextmanager
def changed(project: Path, folder: Path, change: Change, history: History) -> Iterator[Service]:
    shutil.copytree(project, folder, symlinks=True)
    configuration = folder / "serverless.yml"
    configuration.write_text(change(configuration.read_text()))
    parameters = {"concurrency": 2}
    with Service(project=folder, parameters=parameters, on_pair=history.add) as service:
        service.stage.stop_schedule()
        yield service


@pytest.mark.parametrize(
    ("setting", "alias", "start"),
    [("provisionedConcurrency: 2", "provisioned", "provisioned"), ("snapStart: true", "snapstart", "restored")],
)
def test_the_tick_stands_down_where_lambda_keeps_environments_ready(
    sample_project: Path, tmp_path: Path, setting: str, alias: str, start: str
) -> None:
    """It pings by the alias that the API invokes, learns how Lambda initialised that pool, and says so."""
    change = replaced(OF_API, f"{OF_API}    {setting}\n")
    history = History()
    with changed(sample_project, tmp_path / "project", change, history) as service:
        name = service.stage.functions["api"]
        response = requests.get(f"{service.url}/hello", timeout=60)
        assert response.status_code == 200
        service.xray.flush()
        record = history.record_of(response.headers["X-Request-Id"])
        assert record is not None
        assert record["annotations"]["start"] == start
        (target,) = service.stage.tick()["targets"]
        assert target["function"] == f"{name}:{alias}"
        assert "stood_down" in target
        output = service.stage.sls("warm")
        assert target["stood_down"] in output


def test_another_schedule_is_not_the_warmers(sample_project: Path, tmp_path: Path) -> None:
    """The banner and `stop_schedule` mean the warmer's rule alone."""
    change = replaced("\ncustom:\n", f"{NIGHTLY}\ncustom:\n")
    with changed(sample_project, tmp_path / "project", change, History()) as service:
        events = boto3.client("events", **service.stage.connection)
        states = {rule["ScheduleExpression"]: rule["State"] for rule in events.list_rules()["Rules"]}
        assert states == {"rate(5 minutes)": "DISABLED", "rate(1 hour)": "ENABLED"}
        assert schedule_of(service.stage) == ""
        events.enable_rule(Name=service.stage.rules[0])
        assert schedule_of(service.stage) == "rate(5 minutes)"
        assert json.dumps(service.stage.rules).count("Warmer") == 1
