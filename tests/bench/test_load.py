"""The load bench measures a real stack: every request is answered and recorded, and each process has its memory."""

from __future__ import annotations

from pathlib import Path

import pytest

from bench import load


@pytest.mark.end_to_end
@pytest.mark.slow
def test_a_short_load_loses_nothing(sample_project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(sample_project)
    result = load.run(clients=3, seconds=1, requests_per_second=None)
    assert load.shortfalls(result) == []
    assert result["answered"] == result["records_found"]
    memory = result["memory_mb"]
    assert isinstance(memory, dict)
    assert set(memory) == {"command", "supervisor", "engine", "largest environment"}
    assert all(len(values) == 5 for values in memory.values())


def test_what_was_lost_is_a_shortfall() -> None:
    result = {"without_response": {"ClientError": 2}, "answered": 10, "statuses": {"200": 8, "429": 2}}
    assert load.shortfalls({**result, "without_response": {}, "records_found": 8}) == []
    assert load.shortfalls({**result, "records_found": 7}) == [
        "2 requests got no response: ClientError",
        "8 requests reached the function, and 7 records were found",
    ]
