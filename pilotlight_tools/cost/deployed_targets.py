"""How many environments a deployed warmer keeps of each target, on average over a week."""

from __future__ import annotations

from pilotlight.warming.targets import Target, parse_targets

_MINUTES_A_DAY = 24 * 60


def concurrency_by_target(listed: str, assumed: list[str]) -> dict[str, int]:
    """Read PILOTLIGHT_TARGETS; the keys are names or ARNs. What is taken to be so is added to `assumed`.

    `auto` counts at its maximum. Raises TargetsError.
    """
    targets = parse_targets(listed)
    sizes = [size for each in targets for size in (each.size, *(window.size for window in each.windows))]
    if any(size.minimum != size.maximum for size in sizes):
        assumed.append("A concurrency of `auto` is taken to be its maximum.")
    if any(each.windows for each in targets):
        assumed.append("Of windows, a concurrency is the average over a week.")
    return {each.function: _weekly_average(each) for each in targets}


def _weekly_average(target: Target) -> int:
    """The first open window decides at each minute, as in the warmer; in a whole week the time zone does not matter."""
    minutes = [(weekday, minute) for weekday in range(7) for minute in range(_MINUTES_A_DAY)]
    open_sizes = (next((w.size for w in target.windows if w.holds(*each)), target.size) for each in minutes)
    return round(sum(size.maximum for size in open_sizes) / len(minutes))
