"""A process knows that the set-up which started it was killed; one that nobody watches over never thinks so."""

from __future__ import annotations

import pytest

from pilotlight_tools.local.parent import Parent


def test_a_watched_parent_has_ended_once_another_process_adopts_this_one() -> None:
    parents = [7]
    parent = Parent({"PILOTLIGHT_STARTED_BY": "7"}, lambda: parents[-1])
    assert not parent.has_ended()
    parents.append(1)
    assert parent.has_ended()


@pytest.mark.parametrize("environment", [{}, {"PILOTLIGHT_STARTED_BY": "6"}])
def test_a_parent_that_did_not_ask_for_it_may_leave(environment: dict[str, str]) -> None:
    """As the shell that put `pilotlight start` into the background; a variable from further up does not count."""
    parents = [7]
    parent = Parent(environment, lambda: parents[-1])
    parents.append(1)
    assert not parent.has_ended()
