"""The comparison of policies: the same seed gives the same table, and `auto` is as good as documented."""

import itertools
import json
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from pilotlight.warming import sizing
from pilotlight_tools.policies import main, sizing_policies
from pilotlight_tools.policies.compare import Setting, compare, fixed_with_as_many_pings
from pilotlight_tools.policies.load import TRACE, Load, LoadError, poisson, replay
from pilotlight_tools.policies.price import month_price
from pilotlight_tools.policies.simulate import Counts, Ticks, simulate
from pilotlight_tools.policies.simulated_pool import PoolModel
from pilotlight_tools.policies.sizing_policies import Fixed

SMALL = Setting(maximum=3)
Table = Mapping[str, Mapping[str, Any]]


@pytest.fixture(scope="module")
def on_the_trace() -> Table:
    rows = compare([(seed, replay(TRACE, seed)) for seed in (1, 2, 3)], PoolModel(), Ticks(), Setting())
    return {row["policy"]: row for row in rows}


def test_auto_has_at_most_half_the_cold_starts_of_the_fixed_that_spends_as_many_pings(on_the_trace: Table) -> None:
    for policy in ("auto 0 to 10", "auto 1 to 10"):
        assert on_the_trace[policy]["ratio_to_fixed"] <= 0.5
        assert max(on_the_trace[policy]["ratios_to_fixed"]) <= 0.5


def test_no_policy_beats_the_clairvoyant_schedule(on_the_trace: Table) -> None:
    clairvoyant = on_the_trace["clairvoyant"]
    for policy, row in on_the_trace.items():
        if policy.startswith(("fixed", "auto")):
            assert (clairvoyant["cold"], clairvoyant["pings"]) < (row["cold"], row["pings"])
        if policy.startswith("auto"):
            assert row["cold_of_best_fixed_for_each_function"] <= row["cold"] < row["cold_of_fixed_with_as_many_pings"]


def test_more_pings_leave_fewer_cold_starts_and_cost_more(on_the_trace: Table) -> None:
    fixed = [on_the_trace["none"], *(on_the_trace[f"fixed {number}"] for number in range(1, 11))]
    for fewer, more in itertools.pairwise(fixed):
        assert fewer["cold"] >= more["cold"]
        assert fewer["price_a_month"] < more["price_a_month"]
    assert fixed[5]["pings"] == pytest.approx(5 * 36 * 96, rel=0.01)


def test_the_rule_that_is_replayed_is_the_one_that_is_deployed() -> None:
    assert vars(sizing_policies)["next_concurrency"] is sizing.next_concurrency


def test_the_same_seed_gives_the_same_rows_and_another_seed_others() -> None:
    def rows(seed: int) -> list[dict[str, object]]:
        return compare([(seed, poisson(0.4, 4, 6, seed))], PoolModel(routing="random"), Ticks(), SMALL)

    assert rows(1) == rows(1) != rows(2)


def test_between_two_fixed_policies_cold_starts_are_taken_in_proportion() -> None:
    fixed = [Counts(cold=100), Counts(cold=40, pings=200), Counts(cold=10, pings=400)]
    assert [fixed_with_as_many_pings(fixed, pings) for pings in (0, 100, 200, 300, 400, 999)] == [
        100,
        70,
        40,
        25,
        10,
        10,
    ]


def test_the_price_of_a_month_by_hand() -> None:
    counts = Counts(
        requests=1000, request_seconds=200, spilled_seconds=200, pings=240, ticks=24, ping_seconds=24.0, cold=1
    )
    day = month_price(counts, 86400, Ticks(3600, 0.1), 1024, "arm64")
    invocations = 1000 + 240 + 24
    seconds = 200 + 24 + 24 * 0.25
    assert day == pytest.approx(730 / 24 * (invocations * 0.2e-6 + seconds * 0.0000133334 + 24 * 1e-6))


def test_provisioned_concurrency_is_billed_while_configured_and_less_while_running() -> None:
    counts = Counts(requests=1000, request_seconds=200, spilled_seconds=50)
    price = month_price(counts, 86400, Ticks(), 1024, "x86_64", standing=2)
    running = 150 * 0.0000097222 + 50 * 0.0000166667 + 1000 * 0.2e-6
    assert price == pytest.approx(2 * 730 * 3600 * 0.0000041667 + 730 / 24 * running)


def test_the_trace_is_replayed_whole_with_every_request_in_its_own_minute() -> None:
    load = replay(TRACE, 1)
    assert (len(load.functions), load.requests, load.seconds) == (36, 14653, 480 * 60)
    _, *rows = TRACE.read_text().splitlines()
    for row in rows:
        name, *counts = row.split(",")
        minutes = [int(at // 60) for at in load.functions[name]]
        assert [minutes.count(minute) for minute in range(480)] == [int(count or 0) for count in counts]


def test_the_same_seed_places_requests_alike_and_another_seed_differently() -> None:
    assert replay(TRACE, 1) == replay(TRACE, 1) != replay(TRACE, 2)


def test_a_short_burst_keeps_a_minutes_requests_together(tmp_path: Path) -> None:
    trace = tmp_path / "trace.csv"
    trace.write_text("function,0,1\nbusy,50,50\n")
    arrivals = replay(trace, 1, burst_seconds=2).functions["busy"]
    assert arrivals[49] - arrivals[0] <= 2
    assert arrivals[99] - arrivals[50] <= 2


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "is empty"),
        ("function,0,1\na,1\n", "line 2: 2 columns"),
        ("function,0\na,many\n", "line 2: counts are whole"),
    ],
)
def test_a_malformed_trace_is_refused_with_the_line(tmp_path: Path, text: str, message: str) -> None:
    trace = tmp_path / "trace.csv"
    trace.write_text(text)
    with pytest.raises(LoadError, match=message):
        replay(trace, 1)


def test_functions_tick_one_after_another() -> None:
    load = Load({"a": [], "b": [], "c": []}, 900, "made by hand")
    asked: dict[str, list[float]] = {}

    class Listening(Fixed):
        def __init__(self, name: str) -> None:
            super().__init__(0)
            self.times = asked.setdefault(name, [])

        def concurrency(self, now: float) -> int:
            self.times.append(now)
            return 0

    simulate(load, PoolModel(), Ticks(300), Listening, seed=1)
    assert asked == {"a": [0, 300, 600], "b": [100, 400, 700], "c": [200, 500, 800]}


def test_the_command_prints_the_table_as_json_and_draws_the_picture(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    arguments = ["--poisson", "0.5", "--functions", "3", "--hours", "4", "--runs", "1", "--maximum", "2", "--json"]
    pictures = [tmp_path / name for name in ("one.png", "two.png")]
    printed = []
    for picture in pictures:
        assert main([*arguments, "--plot", str(picture)]) == 0
        printed.append(capsys.readouterr().out)
    assert printed[0] == printed[1]
    report = json.loads(printed[0])
    assert [row["policy"] for row in report["policies"]][:3] == ["none", "fixed 1", "fixed 2"]
    assert pictures[0].read_bytes().startswith(b"\x89PNG")
    assert pictures[0].read_bytes() == pictures[1].read_bytes()


def test_the_table_cites_the_trace(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--runs", "1", "--maximum", "1"]) == 0
    assert "Shahrad" in capsys.readouterr().out


def test_a_plot_without_matplotlib_ends_with_the_remedy(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """It ends before anything is simulated: `npm run policies` installs no matplotlib."""
    monkeypatch.setitem(sys.modules, "matplotlib", None)
    assert main(["--plot", str(tmp_path / "plot.png")]) == 1
    assert capsys.readouterr().err.startswith("error: --plot needs matplotlib: `node scripts/setup.mjs --for dev`")


def test_a_missing_trace_ends_with_the_remedy(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--trace", str(tmp_path / "none.csv")]) == 1
    printed = capsys.readouterr().err
    assert printed.startswith("error: ")
    assert "--poisson" in printed


@pytest.mark.parametrize(
    "arguments",
    [
        ["--runs", "0"],
        ["--idle-minutes", "0"],
        ["--routing", "best"],
        ["--hours", "x"],
        ["--burst-seconds", "61"],
        ["--poisson", "0"],
    ],
)
def test_impossible_arguments_are_refused(arguments: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as refused:
        main(arguments)
    assert refused.value.code == 2
    assert arguments[0] in capsys.readouterr().err
