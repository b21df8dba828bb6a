"""The replay of requests through environments that nobody pings: figures by hand in verdict_expected.py."""

from __future__ import annotations

import pytest

from pilotlight_tools.latency.without_pings import cold_starts
from tests.latency.verdict_expected import REPLAYS


@pytest.mark.parametrize("name", REPLAYS)
def test_cold_starts_without_pings_are_those_counted_on_paper(name: str) -> None:
    requests, further, expected = REPLAYS[name]
    assert cold_starts(requests, 360, 7200, **further) == expected


def test_a_shorter_idle_lifetime_never_spares_a_cold_start() -> None:
    requests = [(float(at), 1.0) for at in range(0, 100_000, 173)]
    counts = [cold_starts(requests, idle_seconds, 7200) for idle_seconds in (100, 200, 400)]
    assert counts == sorted(counts, reverse=True)
    assert counts[0] == len(requests)
