"""The demonstration: it finds what really happened, and fails unless the tick proved itself."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from pilotlight_tools.local.demo import Burst, Findings, as_document
from pilotlight_tools.local.front_door import Exchange
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
        Exchange("GET", "/hello", status, milliseconds + number, str(number), 1.0, 2.0) for number in range(len(starts))
    ]
    return Burst(len(starts), exchanges, list(starts), started=starts.count("cold"))


COLD = [burst("cold"), burst("cold", "cold")]
WARM = [burst("warm", milliseconds=10.0), burst("warm", "warm", milliseconds=10.0)]


def test_warm_up_that_proved_itself_has_no_shortfalls() -> None:
    assert Findings(COLD, WARM, TICK, found=6, untrue=0).shortfalls() == []


def test_records_that_are_missing_or_untrue_are_said() -> None:
    assert Findings(COLD, WARM, TICK, found=5, untrue=0).shortfalls() == [
        "X-Ray has records of 5 requests, and 6 were sent"
    ]
    lying = [Burst(1, burst("warm").exchanges, ["warm"], started=1), WARM[1]]
    assert Findings(COLD, lying, TICK, found=6, untrue=1).shortfalls() == [
        "2 records tell another start than the engine's"
    ]


@pytest.mark.parametrize(
    ("warm", "tick", "said"),
    [
        ([burst("warm"), burst("warm", "cold")], TICK, "1 of 3 requests after the tick met a cold start"),
        ([burst("warm"), burst("warm", "")], TICK, "1 requests after the tick left no record"),
        ([burst("warm", status=502)], TICK, r"requests after the tick were answered with status \[502\]"),
        (WARM, TICK | {"unique": 1, "coverage": 0.5}, "covered 1 of 2 environments.*AccessDenied"),
        (WARM, TICK | {"failed": 1}, "1 pings failed"),
        (WARM, TICK | {"throttled": 1}, "1 throttled"),
    ],
)
def test_each_shortfall_is_said(warm: list[Burst], tick: dict[str, Any], said: str) -> None:
    sent = sum(len(burst.exchanges) for burst in (*COLD, *warm))
    [shortfall] = Findings(COLD, warm, tick, found=sent, untrue=0).shortfalls()
    assert re.search(said, shortfall)


def test_document_has_exactly_the_keys_promised_and_exact_percentiles() -> None:
    assert as_document(Findings(COLD, WARM, TICK, found=6, untrue=0)) == {
        "cold": {"count": 3, "p50_ms": 100.0, "p95_ms": 101.0, "max_ms": 101.0},
        "warm": {"count": 3, "p50_ms": 10.0, "p95_ms": 11.0, "max_ms": 11.0},
        "tick": {key: value for key, value in TICK.items() if key != "targets"},
        "records": {"requests_sent": 6, "records_found": 6, "misclassified": 0},
    }


@pytest.mark.end_to_end
@pytest.mark.slow
def test_demo_proves_itself_and_prints_json_and_nothing_else(sample_project: Path, tmp_path: Path) -> None:
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


def run_demo(temporary: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Run the command with a temporary folder that nothing else uses."""
    return subprocess.run(
        [sys.executable, "-m", "pilotlight_tools.local", "demo", *arguments],
        cwd=PROJECT,
        env={"PATH": "/usr/local/bin:/usr/bin:/bin", "TMPDIR": str(temporary)},
        capture_output=True,
        text=True,
        timeout=240,
        check=False,
    )


@pytest.mark.parametrize("concurrency", ["0", "-1", "ten", "1001"])
def test_concurrency_that_cannot_be_is_refused(tmp_path: Path, concurrency: str) -> None:
    done = run_demo(tmp_path, "--concurrency", concurrency)
    assert done.returncode == 2
    assert "not a whole number from 1 to 1000" in done.stderr
