"""What the engine keeps of invocations is bounded: the newest stay."""

from __future__ import annotations

from pilotlight_tools.local.launcher.retention import bound_streams, bound_values


def test_the_newest_streams_stay() -> None:
    streams: dict[str, object] = {str(number): {} for number in range(5_600)}
    bound_streams(streams)
    assert list(streams) == [str(number) for number in range(600, 5_600)]
    bound_streams(streams)
    assert len(streams) == 5_000


def test_the_newest_values_stay() -> None:
    values = list(range(20_400))
    bound_values(values)
    assert len(values) == 20_400, "removing a few at once costs less"
    values += range(20_400, 20_600)
    bound_values(values)
    assert values == list(range(600, 20_600))
