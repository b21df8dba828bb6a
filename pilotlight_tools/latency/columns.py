"""The requests of a time range as columns: forty-four bytes for each, so that a million of them fit into memory."""

from __future__ import annotations

import heapq
import math
from array import array
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

NOT_MEASURED = math.nan
"""The time of a request that no segment and no log line measured."""
_TRACE_ID_BYTES = 16
_NO_TRACE_ID = bytes(_TRACE_ID_BYTES)
_OTHERS = "(others)"


@dataclass(frozen=True, slots=True)
class Request:
    """One user request: `at` in epoch seconds, times in milliseconds, `status` 0 where it is not known.

    `route` is its method and route. `in_lambda_ms` is how long it was in Lambda. `is_fault` where a 5xx is known that
    `status` does not tell.
    """

    at: float
    response_ms: float
    start: str
    status: int
    route: str
    function: str
    in_lambda_ms: float = NOT_MEASURED
    trace_id: str | None = None
    is_fault: bool = False


class Columns:
    """`add` takes requests in any order, and returns the index of each."""

    def __init__(self) -> None:
        self.at = array("d")
        self.response_ms = array("d")
        self.in_lambda_ms = array("f")
        self.status = array("H")
        self.is_fault = bytearray()
        self.starts, self.routes, self.functions = Names("B"), Names("H"), Names("H")
        self._trace_ids = bytearray()

    def __len__(self) -> int:
        return len(self.at)

    def add(self, request: Request) -> int:
        self.at.append(request.at)
        self.response_ms.append(request.response_ms)
        self.in_lambda_ms.append(request.in_lambda_ms)
        self.status.append(min(max(request.status, 0), 999))
        self.is_fault.append(request.is_fault or request.status >= 500)
        self.starts.add(request.start)
        self.routes.add(request.route)
        self.functions.add(request.function)
        self._trace_ids += _packed(request.trace_id)
        return len(self.at) - 1

    def trace_id(self, index: int) -> str | None:
        """The id of the trace that a request belongs to, sampled or not; None where that is not known."""
        packed = self._trace_ids[index * _TRACE_ID_BYTES : (index + 1) * _TRACE_ID_BYTES]
        return None if packed == _NO_TRACE_ID else f"1-{packed[:4].hex()}-{packed[4:].hex()}"

    def is_error(self, index: int) -> bool:
        """Whether the response was a 4xx."""
        return 400 <= self.status[index] < 500 and not self.is_fault[index]

    def is_measured(self, index: int) -> bool:
        return not math.isnan(self.response_ms[index])

    def times(self, indices: Iterable[int]) -> Iterator[float]:
        """Yield the response times in milliseconds of those that are measured."""
        return (self.response_ms[index] for index in indices if self.is_measured(index))

    def slowest(self, count: int) -> list[int]:
        """Return the measured requests that took longest, the slowest first, the earlier of two equal ones."""
        measured = filter(self.is_measured, range(len(self)))
        return heapq.nlargest(count, measured, key=lambda index: (self.response_ms[index], -self.at[index]))


class Names:
    """A column of names, of which there are few: each is kept once."""

    def __init__(self, code: str) -> None:
        self._codes = array(code)
        self._names: list[str] = []
        self._code_of: dict[str, int] = {}
        self._most = 256**self._codes.itemsize - 1

    def add(self, name: str) -> None:
        self._codes.append(self._code(name))

    def __getitem__(self, index: int) -> str:
        return self._names[self._codes[index]]

    def __setitem__(self, index: int, name: str) -> None:
        self._codes[index] = self._code(name)

    def groups(self) -> dict[str, array[int]]:
        """Return the indices at which each name stands."""
        found = [array("I") for _ in self._names]
        for index, code in enumerate(self._codes):
            found[code].append(index)
        return {name: indices for name, indices in zip(self._names, found, strict=True) if indices}

    def _code(self, name: str) -> int:
        code = self._code_of.get(name)
        if code is not None:
            return code
        if len(self._names) >= self._most - 1:  # whoever writes the names decides how many there are
            name = _OTHERS
        if name not in self._code_of:
            self._code_of[name] = len(self._names)
            self._names.append(name)
        return self._code_of[name]


def _packed(trace_id: str | None) -> bytes:
    if trace_id is None:
        return _NO_TRACE_ID
    try:
        packed = bytes.fromhex(trace_id[2:].replace("-", ""))
    except ValueError:
        return _NO_TRACE_ID
    return packed if len(packed) == _TRACE_ID_BYTES else _NO_TRACE_ID
