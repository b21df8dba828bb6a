"""What goes wrong is said once when it begins, then at most every few seconds, with how often it happened."""

from __future__ import annotations

from pilotlight_tools.local.incidents import Incidents


def test_the_same_incident_is_one_line_now_and_a_count_later() -> None:
    now = [0.0]
    incidents = Incidents(each_seconds=5, clock=lambda: now[0])
    incidents("disk full")
    assert incidents.take() == ["disk full"]
    for _ in range(1200):
        incidents("disk full")
    incidents("malformed")
    assert incidents.take() == ["malformed"]
    now[0] = 5.0
    assert incidents.take() == ["disk full (1,200 times)"]
    now[0] = 20.0
    assert incidents.take() == []


def test_what_waits_is_said_at_the_end() -> None:
    incidents = Incidents()
    for _ in range(3):
        incidents("late")
    assert (incidents.take(), incidents.take_all()) == (["late (3 times)"], [])
    incidents("late")
    assert (incidents.take(), incidents.take_all()) == ([], ["late"])
