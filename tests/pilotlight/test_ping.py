"""Pings: parsed strictly, held to a deadline, never raising; a peer's pings get the reply that its users expect."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

import pilotlight
from pilotlight import dialects
from pilotlight.environment import ExecutionEnvironment
from pilotlight.ping import LONGEST_HOLD_SECONDS, SECONDS_TO_SPARE, Machine, Ping, recognise, reply
from pilotlight.preparation import Preparation
from pilotlight.tracing import Tracer
from tests.support.events import NOTHING, Context, proxy_event, unused

GOOD = {"version": 1, "ping": "a1", "index": 3, "of": 10, "hold_until": 1e9 + 0.5}


class Sleeper:
    """A clock that advances only by sleeping."""

    def __init__(self) -> None:
        self.now = 1e9
        self.slept: list[float] = []

    def clock(self) -> float:
        return self.now

    def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        self.now += seconds


def hold(found: Ping | dialects.PeerPing, context: Any = None) -> tuple[Any, Sleeper]:
    sleeper = Sleeper()
    machine = Machine(sleeper.clock, sleeper.sleep, prepare=lambda: None)
    return reply(found, Tracer(ExecutionEnvironment()), context or Context(), NOTHING, machine), sleeper


def test_a_ping_is_recognised_as_the_warmer_made_it() -> None:
    event = json.loads(json.dumps(Ping("a1", 3, 10, 1e9 + 0.5).event()))
    assert event == {"pilotlight": GOOD}
    found = recognise(event)
    assert isinstance(found, Ping)
    assert (found.identity, found.index, found.of, found.hold_until) == ("a1", 3, 10, 1e9 + 0.5)


@pytest.mark.parametrize(
    "change",
    [
        {"ping": 7},
        {"ping": ""},
        {"ping": "x" * 65},
        {"ping": "a\n"},
        {"ping": "é"},
        {"index": "3"},
        {"index": True},
        {"index": 3.0},
        {"index": -1},
        {"index": 10},
        {"of": 0},
        {"of": 1001},
        {"of": None},
        {"hold_until": "soon"},
        {"hold_until": True},
        {"hold_until": float("nan")},
        {"hold_until": float("inf")},
        {"hold_until": -1},
        {"hold_until": 1e12},
        {"version": 0},
        {"version": "1"},
        {"version": 1.0},
        {"version": True},
        {"version": None},
    ],
)
def test_a_ping_with_a_wrong_value_is_none(change: dict[str, Any]) -> None:
    assert recognise({"pilotlight": {**GOOD, **change}}) is None


@pytest.mark.parametrize(
    "event",
    [
        {**GOOD, "version": 2},
        {**GOOD, "of_tomorrow": {"nested": []}},
        {name: value for name, value in GOOD.items() if name != "version"},
    ],
    ids=["higher version", "unknown key", "older warmer"],
)
def test_a_ping_of_another_release_is_recognised(event: dict[str, Any]) -> None:
    """Two releases run side by side during every deployment."""
    found = recognise({"pilotlight": event})
    assert isinstance(found, Ping)
    assert (found.identity, found.index, found.of, found.hold_until) == ("a1", 3, 10, 1e9 + 0.5)


@pytest.mark.parametrize("missing", ["ping", "index", "of", "hold_until"])
def test_a_ping_that_lacks_a_key_is_none(missing: str) -> None:
    assert recognise({"pilotlight": {key: value for key, value in GOOD.items() if key != missing}}) is None


def test_a_ping_with_another_key_beside_it_is_none() -> None:
    assert recognise({"pilotlight": GOOD, "httpMethod": "GET"}) is None


@given(
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
        lambda s: st.lists(s) | st.dictionaries(st.text(), s),
    )
)
def test_nothing_else_is_a_ping(event: Any) -> None:
    assert recognise(event) is None
    assert recognise({"pilotlight": event}) is None


def test_a_ping_is_held_until_its_deadline_and_its_reply_says_so() -> None:
    replied, sleeper = hold(Ping("a1", 3, 10, 1e9 + 0.5))
    body = replied["pilotlight"]
    assert sleeper.slept == [pytest.approx(0.5)]
    assert {key: body[key] for key in ("ping", "index", "start", "made_by", "served")} == {
        "ping": "a1",
        "index": 3,
        "start": "cold",
        "made_by": "ping",
        "served": 0,
    }
    assert (body["version"], body["build"]) == (pilotlight.__version__, "")
    assert body["held_ms"] == pytest.approx(500)
    assert body["billed_ms"] == pytest.approx(500 + body["init_ms"], abs=1.5)
    json.dumps(replied)


@pytest.mark.parametrize(
    ("until", "remaining_ms", "seconds"),
    [
        (1e9 - 5, 30_000, 0.0),
        (0, 30_000, 0.0),
        (2e9, 30_000, LONGEST_HOLD_SECONDS),
        (1e9 + 3, 2000, 2 - SECONDS_TO_SPARE),
        (1e9 + 3, 100, 0.0),
    ],
)
def test_the_hold_ends_at_the_deadline_the_cap_or_the_time_left(
    until: float, remaining_ms: int, seconds: float
) -> None:
    _, sleeper = hold(Ping("a1", 0, 1, until), Context(remaining_ms=remaining_ms))
    assert sleeper.slept == [pytest.approx(seconds)]


def test_a_ping_never_raises(caplog: pytest.LogCaptureFixture) -> None:
    class Hostile:
        @property
        def get_remaining_time_in_millis(self) -> object:
            raise RuntimeError("no clock")

    def fail() -> None:
        raise MemoryError("no room for an import")

    replied, _ = hold(Ping("a1", 0, 1, 2e9), Hostile())
    assert replied["pilotlight"]["environment"]
    tracing = Preparation(unused, downstream_tracing="xray")
    replied = reply(Ping("a1", 0, 1, 0), Tracer(ExecutionEnvironment()), None, tracing, Machine(prepare=fail))
    assert replied["pilotlight"]["environment"]
    assert "no clock" in caplog.text
    assert "no room" in caplog.text


def test_the_real_hold_lasts_until_the_deadline() -> None:
    until = time.time() + 0.2
    reply(Ping("a1", 0, 1, until), Tracer(ExecutionEnvironment()), Context(), NOTHING)
    assert time.time() >= until


def test_downstream_tracing_is_prepared_once_and_patches_a_client_library_when_it_is_imported() -> None:
    code = (
        "import sys; from pilotlight import downstream; downstream.trace_by_xray();"
        "assert 'aws_xray_sdk.core' in sys.modules and 'requests' not in sys.modules;"
        "import requests, botocore.client;"
        "assert hasattr(requests.Session.request, '__wrapped__');"
        "assert hasattr(botocore.client.BaseClient._make_api_call, '__wrapped__')"
    )
    subprocess.run([sys.executable, "-c", code], check=True, env={"LAMBDA_TASK_ROOT": "/var/task", "PATH": ""})


CORRELATED = {"warmer": True, "__WARMER_INVOCATION__": 2, "__WARMER_CONCURRENCY__": 3}
SCHEDULED = {"version": "0", "detail-type": "Scheduled Event", "source": "aws.events", "detail": {}, "resources": []}


@pytest.mark.parametrize(
    ("event", "expected", "hold_seconds"),
    [
        ({"warmer": True}, None, 0),
        ({"warmer": True, "concurrency": 3}, None, 0),
        ({"warmer": True, "concurrency": "3"}, None, 0),
        ({"warmer": True, "concurrency": 2, "target": "other"}, None, 0),
        ({**CORRELATED, "__WARMER_CORRELATIONID__": "1531413096993-0568"}, "warmed", 0.075),
        ({**CORRELATED, "__WARMER_CORRELATION_ID__": "8f507cfc"}, None, 0.075),
        ([{"warmer": True, "target": "f1"}, {"warmer": True}], "warmed", 0),
        ({"source": "serverless-plugin-warmup"}, {}, 0.025),
        (SCHEDULED, None, 0),
        ({**SCHEDULED, "source": "aws.scheduler", "detail": "{}"}, None, 0),
    ],
)
def test_a_peers_ping_gets_the_reply_that_its_users_expect(event: Any, expected: Any, hold_seconds: float) -> None:
    found = recognise(event)
    assert isinstance(found, dialects.PeerPing)
    replied, sleeper = hold(found)
    assert replied == expected
    assert sleeper.slept == [pytest.approx(hold_seconds)]


@pytest.mark.parametrize(
    "event",
    [
        {"warmer": False},
        {"warmer": "false"},
        {"warmer": 1},
        {"warmer": True, "room": "kitchen"},
        {"warmer": True, "concurrency": True},
        {"warmer": True, "concurrency": -1},
        {"warmer": True, "__WARMER_INVOCATION__": "²"},
        {"warmer": True, "__WARMER_CORRELATIONID__": "x" * 257},
        {"source": "serverless-plugin-warmup", "detail-type": "x"},
        {"source": None, "arguments": {}},
        {"source": "aws.events", "detail-type": "EC2 Instance State-change Notification"},
        {"Records": []},
        [],
        [{}],
        [[{"warmer": True}]],
        proxy_event(body='{"warmer": true}'),
    ],
)
def test_what_only_looks_like_a_peers_ping_is_none(event: Any) -> None:
    assert recognise(event) is None


_COUNT_READS = """
import json, sys
sys.path.insert(0, sys.argv[1])
read = []
sys.addaudithook(lambda event, found: event == "open" and str(found[0]).endswith("build.txt") and read.append(found[0]))
from pilotlight import Routes, entry_point
from pilotlight.ping import Ping
handler = entry_point(Routes())
event = {"httpMethod": "GET", "path": "/", "requestContext": {}}
counts, replies = [], []
for kind in ("request", "ping", "ping", "request"):
    response = handler(event if kind == "request" else Ping("a1", 0, 1, 0).event(), None)
    counts.append(len(read))
    replies += [response["pilotlight"]] if kind == "ping" else []
print(json.dumps({"counts": counts, "builds": [reply["build"] for reply in replies]}))
"""


@pytest.mark.parametrize(("content", "build"), [(b"0123456789abcdef\n", "0123456789abcdef"), (b"\xff", ""), (None, "")])
def test_the_build_is_read_once_and_only_for_a_ping(tmp_path: Path, content: bytes | None, build: str) -> None:
    """Users wait for nothing that a request does not need: not for this file either."""
    shutil.copytree(Path(pilotlight.__file__).parent, tmp_path / "pilotlight")
    if content is not None:
        (tmp_path / "pilotlight" / "build.txt").write_bytes(content)
    command = [sys.executable, "-c", _COUNT_READS, str(tmp_path)]
    done = subprocess.run(command, check=True, capture_output=True, text=True, cwd=tmp_path)
    assert json.loads(done.stdout.splitlines()[-1]) == {"counts": [0, 1, 1, 1], "builds": [build, build]}
