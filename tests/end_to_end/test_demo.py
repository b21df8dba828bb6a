"""The demonstration: it reports what really happened, and fails unless the tick is proved."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from threading import Thread
from typing import Any

import pytest

from pilotlight_tools.local.demo import get
from pilotlight_tools.local.exchange import Exchange
from pilotlight_tools.local.findings import Burst, Findings, as_document
from pilotlight_tools.local.pair import Pair
from tests.support.project import PROJECT

TICK: dict[str, Any] = {
    "requested": 2,
    "unique": 2,
    "cold": 2,
    "failed": 0,
    "throttled": 0,
    "rounds": 1,
    "invocations": 2,
    "hold_ms": 10.0,
    "billed_ms": 20,
    "coverage": 1.0,
    "targets": [{"function": "api", "causes": ["AccessDeniedException: not allowed"]}],
}


def burst(*starts: str, milliseconds: float = 100.0, status: int = 200) -> Burst:
    exchanges = [
        Exchange(1.0, 1.0 + (milliseconds + number) / 1000, "GET", "http://h/hello", status, str(number))
        for number in range(len(starts))
    ]
    records = [{"annotations": {"kind": "request", "start": start}} if start else None for start in starts]
    return Burst(len(starts), list(map(Pair, exchanges, records)), started=starts.count("cold"))


COLD = [burst("cold"), burst("cold", "cold")]
WARM = [burst("warm", milliseconds=10.0), burst("warm", "warm", milliseconds=10.0)]


def test_proved_warm_up_has_no_shortfalls() -> None:
    assert Findings(COLD, WARM, TICK, found=6, contradictions=0).shortfalls() == []


def test_missing_and_wrong_records_are_shortfalls() -> None:
    assert Findings(COLD, WARM, TICK, found=5, contradictions=0).shortfalls() == [
        "X-Ray has records of 5 requests, but 6 were sent"
    ]
    wrong = [Burst(1, burst("warm").pairs, started=1), WARM[1]]
    assert Findings(COLD, wrong, TICK, found=6, contradictions=1).shortfalls() == [
        "2 records contradict one another or the engine's log"
    ]


@pytest.mark.parametrize(
    ("warm", "tick", "message"),
    [
        ([burst("warm"), burst("warm", "cold")], TICK, "1 of 3 requests after the tick met a cold start"),
        ([burst("warm"), burst("warm", "")], TICK, "1 requests after the tick left no record"),
        ([burst("warm", status=502)], TICK, r"requests after the tick got a response of status \[502\]"),
        (WARM, TICK | {"unique": 1, "coverage": 0.5}, "covered 1 of 2 environments.*AccessDenied"),
        (WARM, TICK | {"failed": 1}, "1 pings failed"),
        (WARM, TICK | {"throttled": 1}, "1 throttled"),
    ],
)
def test_each_shortfall_is_reported(warm: list[Burst], tick: dict[str, Any], message: str) -> None:
    sent = sum(len(burst.exchanges) for burst in (*COLD, *warm))
    [shortfall] = Findings(COLD, warm, tick, found=sent, contradictions=0).shortfalls()
    assert re.search(message, shortfall)


@pytest.mark.parametrize("status", [204, 302, 404, 429])
def test_a_functions_own_response_is_not_a_shortfall(status: int) -> None:
    assert Findings([burst("cold", status=status)], WARM, TICK, found=4, contradictions=0).shortfalls() == []


def test_a_response_without_a_function_is_a_shortfall() -> None:
    refused = Exchange(1.0, 1.1, "GET", "http://h/hello", 403, None)
    warm = [Burst(1, [Pair(refused, None)], started=0)]
    assert Findings(COLD, warm, TICK, found=4, contradictions=0).shortfalls() == [
        "1 requests after the tick left no record, so their start type is unknown",
        "requests after the tick got a response of status [403]",
    ]


def test_document_has_exactly_the_keys_promised_and_exact_percentiles() -> None:
    assert as_document(Findings(COLD, WARM, TICK, found=6, contradictions=0)) == {
        "cold": {"count": 3, "p50_ms": 100.0, "p95_ms": None, "max_ms": 101.0},
        "warm": {"count": 3, "p50_ms": 10.0, "p95_ms": None, "max_ms": 11.0},
        "tick": {key: value for key, value in TICK.items() if key != "targets"},
        "records": {"requests_sent": 6, "records_found": 6, "misclassified": 0},
    }


@pytest.mark.end_to_end
@pytest.mark.slow
def test_demo_succeeds_and_prints_only_json(sample_project: Path, tmp_path: Path) -> None:
    done = run_demo(tmp_path, "--project", str(sample_project), "--json", "--concurrency", "2")
    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout)
    assert set(found) == {"cold", "warm", "tick", "records"}
    assert found["records"] == {"requests_sent": 6, "records_found": 6, "misclassified": 0}
    assert set(found["cold"]) == set(found["warm"]) == {"count", "p50_ms", "p95_ms", "max_ms"}
    assert set(found["tick"]) == set(TICK) - {"targets"}
    assert found["cold"]["count"] == found["warm"]["count"] == 1 + 2
    assert (found["tick"]["requested"], found["tick"]["unique"], found["tick"]["cold"]) == (2, 2, 2)
    assert "Deploying" in done.stderr
    assert list(tmp_path.iterdir()) == []


@pytest.mark.end_to_end
@pytest.mark.slow
def test_demo_takes_any_path_and_reports_the_request(tmp_path: Path) -> None:
    done = run_demo(tmp_path, "--concurrency", "1", "--path", "/nowhere?x=1")
    assert done.returncode == 0, done.stderr
    assert "Every request was GET /nowhere?x=1; its status was 404." in done.stdout


def test_redirection_is_a_response_and_not_followed() -> None:
    requested: list[str] = []

    class Redirecting(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            requested.append(self.path)
            self.send_response(302)
            self.send_header("Location", "/elsewhere")
            self.send_header("Content-Length", "0")
            self.end_headers()

    with HTTPServer(("127.0.0.1", 0), Redirecting) as server:
        Thread(target=server.handle_request, daemon=True).start()
        get(f"http://127.0.0.1:{server.server_port}/items/7?x=1")
    assert requested == ["/items/7?x=1"]


def run_demo(temporary: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Run the command with a temporary folder of its own."""
    return subprocess.run(
        [sys.executable, "-m", "pilotlight_tools.local", "demo", *arguments],
        cwd=PROJECT,
        env={"PATH": "/usr/local/bin:/usr/bin:/bin", "TMPDIR": str(temporary)},
        capture_output=True,
        text=True,
        timeout=240,
        check=False,
    )


@pytest.mark.parametrize("path", ["items/7", "", "http://h/", "/a b", "/caf\u00e9", "/a#b"])
def test_invalid_path_is_refused(tmp_path: Path, path: str) -> None:
    done = run_demo(tmp_path, "--path", path)
    assert done.returncode == 2
    assert "is not a path: give what follows the host, such as /items/7?x=1" in done.stderr


@pytest.mark.parametrize("concurrency", ["0", "-1", "ten", "1001"])
def test_invalid_concurrency_is_refused(tmp_path: Path, concurrency: str) -> None:
    done = run_demo(tmp_path, "--concurrency", concurrency)
    assert done.returncode == 2
    assert "not a whole number from 1 to 1000" in done.stderr
