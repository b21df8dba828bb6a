"""The load: a recorded trace or a Poisson process, as sorted arrival times in seconds for each function."""

import csv
import random
from dataclasses import dataclass
from pathlib import Path

TRACE = Path(__file__).parent / "data" / "azure-functions-2019-http-36x480min.csv"
_CITATION = 'Azure Functions trace 2019 (CC-BY-4.0): Shahrad et al., "Serverless in the Wild", USENIX ATC 2020'


class LoadError(ValueError):
    """The load cannot be made; the message names the remedy."""


@dataclass(frozen=True, slots=True)
class Load:
    """Arrival times of each function's requests, in seconds from 0 to `seconds`."""

    functions: dict[str, list[float]]
    seconds: float
    source: str

    @property
    def requests(self) -> int:
        return sum(map(len, self.functions.values()))


def replay(path: Path, seed: int, burst_seconds: float = 60.0) -> Load:
    """Read the trace in `path`: a header of minutes, then a row of invocations a minute for each function.

    The trace has no times within a minute: they are drawn uniformly from a stretch of `burst_seconds`, which is itself
    placed at random in the minute. 60 spreads invocations evenly, less clusters them.
    """
    if not 0 < burst_seconds <= 60:
        raise LoadError(f"burst is {burst_seconds} seconds: give more than 0 and at most 60")
    try:
        with path.open(newline="", encoding="utf-8") as lines:
            header, *rows = csv.reader(lines)
    except OSError as error:
        raise LoadError(
            f"the trace {path} cannot be read ({error.strerror}): give another --trace, or --poisson"
        ) from None
    except ValueError:
        raise LoadError(f"the trace {path} is empty: give another --trace, or --poisson") from None
    functions: dict[str, list[float]] = {}
    for number, row in enumerate(rows, start=2):
        if len(row) != len(header):
            raise LoadError(f"{path.name}, line {number}: {len(row)} columns where the header has {len(header)}")
        # Each function draws from its own stream: leaving a function out does not change the others.
        stream = random.Random(f"{seed}/{row[0]}")  # noqa: S311 (a simulation)
        try:
            counts = [int(cell or 0) for cell in row[1:]]
        except ValueError as error:
            raise LoadError(f"{path.name}, line {number}: counts are whole numbers ({error})") from None
        arrivals: list[float] = []
        for minute, count in enumerate(counts):
            start = 60 * minute + stream.uniform(0, 60 - burst_seconds)
            arrivals += [start + stream.uniform(0, burst_seconds) for _ in range(count)]
        functions[row[0]] = sorted(arrivals)
    return Load(functions, 60.0 * (len(header) - 1), _CITATION if path == TRACE else path.name)


def poisson(a_minute: float, functions: int, hours: float, seed: int) -> Load:
    """Make `functions` independent Poisson processes of `a_minute` requests a minute each."""
    if a_minute <= 0 or functions < 1 or hours <= 0:
        raise LoadError("a Poisson load needs a rate, a number of functions and hours above 0")
    seconds = hours * 3600
    made: dict[str, list[float]] = {}
    for number in range(functions):
        stream = random.Random(f"{seed}/poisson-{number:03d}")  # noqa: S311 (a simulation)
        arrivals, now = [], stream.expovariate(a_minute / 60)
        while now < seconds:
            arrivals.append(now)
            now += stream.expovariate(a_minute / 60)
        made[f"poisson-{number:03d}"] = arrivals
    return Load(made, seconds, f"Poisson, {a_minute:g} requests a minute for each of {functions} functions")
