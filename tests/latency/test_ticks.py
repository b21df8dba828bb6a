"""The ticks found in a trace: inside Lambda's segment, one for each target, of this service alone, complete or not."""

from __future__ import annotations

from pilotlight_tools.latency.ticks import Tick, Ticks, ticks_of
from tests.support.xray_records import SERVICE, RecordMaker

NOW = 1_700_000_000.0
ONE = Tick(NOW, "one", requested=5, unique=4, cold=2, failed=0, throttled=1, coverage=0.8)
TWO = Tick(NOW + 1, "two", requested=5, unique=5, cold=0, failed=0, throttled=0, coverage=1.0)


def test_ticks_are_found_inside_lambdas_segment_in_the_order_they_began() -> None:
    """X-Ray returns subsegments inside the segment they belong to."""
    records = RecordMaker().tick_of_two(NOW, {"unique": 4, "cold": 2}, {})
    function = {"name": "warmer", "origin": "AWS::Lambda::Function", "subsegments": list(reversed(records))}
    assert ticks_of([function], SERVICE) == Ticks([ONE, TWO], [])


def test_a_complete_record_counts_instead_of_the_one_in_progress() -> None:
    *_, tick = RecordMaker().tick(NOW, unique=4, cold=2, function="one")
    begun = {key: value for key, value in tick.items() if key != "end_time"} | {"in_progress": True}
    assert ticks_of([begun, tick], SERVICE) == ticks_of([tick, begun], SERVICE) == Ticks([ONE], [])
    assert ticks_of([begun], SERVICE) == Ticks([], [NOW])


def test_pings_requests_and_other_services_are_no_ticks() -> None:
    records = RecordMaker()
    *pings, tick = records.tick(NOW)
    assert ticks_of([*pings, records.request(NOW)], SERVICE) == ticks_of([tick], "another") == Ticks([], [])


def test_a_trace_is_final_once_all_its_ticks_are_old() -> None:
    assert Ticks([ONE], [NOW + 1]).all_began_before(NOW + 2)
    assert not Ticks([ONE, TWO], []).all_began_before(NOW + 1)
    assert not Ticks([ONE], [NOW + 1]).all_began_before(NOW + 1)
    assert not Ticks([], []).all_began_before(NOW + 1)
