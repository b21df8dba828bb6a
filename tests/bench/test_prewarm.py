"""The bench of `prewarm`: real apps under the runtime client, each ratio within one environment, aims missed or met."""

from __future__ import annotations

import io
import json
from dataclasses import asdict

import pytest
from rich.console import Console

from bench import aims, cold, modes, prewarm, tables, warm
from bench.aims import Aim
from bench.apps import BARE, WRAPPED


@pytest.mark.slow
def test_the_first_requests_are_measured_without_a_ping_after_one_and_with_prewarm() -> None:
    result = prewarm.run(1, count=False)
    rows = {row["app"]: row for row in result["first_requests"]}
    assert list(rows) == ["no-ping", "pinged", "prewarmed", "prewarmed-route"]
    assert rows["no-ping"]["ping_ms"] is None
    assert [name for name, row in rows.items() if row["prewarm_ms"]] == ["prewarmed", "prewarmed-route"]
    for row in rows.values():
        ratio = row["first_ms"]["median"] / row["third_ms"]["median"]
        assert row["first_to_third"]["median"] == pytest.approx(ratio, rel=0.001)
    for name in ("prewarmed", "prewarmed-route"):
        assert 0 < rows[name]["prewarm_ms"]["median"] < rows[name]["ping_ms"]["median"]
    assert [aim["measured"] for aim in result["aims"]] == [
        rows[name]["first_to_third"]["median"] for name in ("prewarmed", "prewarmed-route")
    ]
    assert json.loads(json.dumps(result)) == result
    console = Console(width=200, record=True, file=io.StringIO())
    tables.first_requests(result, console)
    assert all(row["title"] in console.export_text(clear=False) for row in rows.values())
    assert console.export_text().count("aim ≤ 1.5: ") == 2


@pytest.mark.slow
def test_the_wrapped_handler_is_measured_beside_the_bare_one_with_its_record() -> None:
    result = cold.run([WRAPPED], ["valid bytecode", "as shipped"], [modes.FULL], runs=1, count=False)
    assert [row["app"] for row in result["cold_starts"]] == [BARE.name, WRAPPED.name] * 2
    assert [aim["measured"] for aim in result["aims"]] == [
        row["ratio"]["median"] for row in result["cold_starts"] if row["app"] == WRAPPED.name
    ]
    requests = warm.run_requests([WRAPPED], 1, count=False)
    assert [aim["measured"] for aim in requests["aims"]] == [requests["requests"][0]["warm_ratio"]["median"]]


def test_a_missed_aim_is_printed() -> None:
    console = Console(width=100, record=True, file=io.StringIO())
    aims.show([asdict(Aim("first", 1.2, 1.15)), asdict(Aim("second", 1.15, 1.15))], console)
    assert console.export_text().splitlines() == [
        "first: 1.200; aim ≤ 1.15: missed",
        "second: 1.150; aim ≤ 1.15: met",
    ]
