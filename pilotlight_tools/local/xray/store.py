"""Traces in SQLite, bounded in size: the oldest are removed first."""

from __future__ import annotations

import sqlite3
import threading
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from typing import Any

from pilotlight_tools.latency.documents import Document
from pilotlight_tools.local.temporary import TemporaryFolder
from pilotlight_tools.local.xray import documents
from pilotlight_tools.local.xray.summary import summarise

DEFAULT_MAXIMUM_BYTES = 256 * 1024 * 1024
"""A trace of this project is about 3 KB, so this holds some 80,000 of them."""
TIME_COLUMNS = {"TraceId": "started", "Event": "updated", "Service": "ended"}
"""The column for each TimeRangeType (API reference, GetTraceSummaries): trace start, trace update, segment end."""

_SCHEMA = """
create table documents (trace_id text, id text, body text, primary key (trace_id, id)) without rowid;
create table traces (trace_id text primary key, started real, ended real, updated real, bytes integer,
                     revision integer, summary text);
create index by_start on traces (started, trace_id);
create index by_end on traces (ended, trace_id);
create index by_update on traces (updated, trace_id);
"""


@dataclass(frozen=True, slots=True)
class Position:
    """Where a page ended: the time (epoch seconds) and the id of its last trace."""

    time: float
    trace_id: str


class Store:
    """Segment documents by trace. Every method may be called from any thread.

    `maximum_bytes` bounds the documents kept; SQLite reuses the space of dropped traces, so the file stays near it.
    """

    def __init__(self, maximum_bytes: int = DEFAULT_MAXIMUM_BYTES, *, clock: Callable[[], float] = time.time) -> None:
        self.dropped = 0
        self._maximum_bytes = maximum_bytes
        self._clock = clock
        self._bytes = 0
        self._lock = threading.RLock()
        self._folder = TemporaryFolder("xray")
        self.path = self._folder.path / "traces.sqlite"
        self._database = sqlite3.connect(self.path, check_same_thread=False, isolation_level=None)
        # The database does not outlive the process, so it need not survive a power cut.
        self._database.executescript("pragma journal_mode = memory; pragma synchronous = off;" + _SCHEMA)

    def add(self, entries: Iterable[tuple[str, Document]]) -> None:
        """Keep (body, document) pairs; a document sent again under its id replaces the earlier one.

        Raises sqlite3.Error where it can keep none of them, as when the disk is full; later ones may be kept again.
        """
        with self._lock:
            with self._transaction():
                for body, document in entries:
                    self._put(body, document)
            while self._bytes > self._maximum_bytes:
                self._drop_oldest()

    def bodies(self, trace_id: str) -> list[tuple[str, str]]:
        """Return (id, body) of each document of a trace, exactly as they were sent; empty for an unknown trace."""
        with self._lock:
            return self._database.execute("select id, body from documents where trace_id = ?", (trace_id,)).fetchall()

    def summary(self, trace_id: str) -> dict[str, Any] | None:
        """Return the trace's summary in the shape of the API, or None for an unknown trace."""
        with self._lock:
            row = self._database.execute(
                "select summary, revision from traces where trace_id = ?", (trace_id,)
            ).fetchone()
            return None if row is None else self._summarised(trace_id, *row)

    def page(
        self, start: float, end: float, time_range_type: str, after: Position | None, size: int
    ) -> list[tuple[Position, dict[str, Any]]]:
        """Return up to `size` traces with a time in [start, end], latest first, beginning after a position."""
        column = TIME_COLUMNS[time_range_type]
        last = after or Position(float("inf"), "")
        query = (
            f"select trace_id, {column}, summary, revision from traces "  # noqa: S608 (the column is one of TIME_COLUMNS)
            f"where {column} between ? and ? and ({column}, trace_id) < (?, ?) "
            f"order by {column} desc, trace_id desc limit ?"
        )
        with self._lock:
            rows = self._database.execute(query, (start, end, last.time, last.trace_id, size)).fetchall()
            found = [
                (Position(moment, trace_id), self._summarised(trace_id, summary, revision))
                for trace_id, moment, summary, revision in rows
            ]
            self._keep_summaries(
                [made for (_, made), (_, _, summary, _) in zip(found, rows, strict=True) if summary is None]
            )
            return found

    def counts(self) -> dict[str, int]:
        """Count the traces and the bytes of documents kept, and the traces dropped to stay within bounds."""
        with self._lock:
            (traces,) = self._database.execute("select count(*) from traces").fetchone()
        return {"traces": traces, "bytes": self._bytes, "traces_dropped": self.dropped}

    def close(self) -> None:
        """Close the database and remove its file."""
        with self._lock:
            self._database.close()
            self._folder.remove()

    @contextmanager
    def _transaction(self) -> Iterator[None]:
        """Keep all that the block writes, or where the disk is full nothing of it. Raises what SQLite raised."""
        before = self._bytes
        self._database.execute("begin")
        try:
            yield
            self._database.execute("commit")
        except BaseException:
            self._bytes = before
            if self._database.in_transaction:  # SQLite has ended it after some errors
                self._database.execute("rollback")
            raise

    def _put(self, body: str, document: Document) -> None:
        trace_id, identity = document["trace_id"], document["id"]
        earlier = self._database.execute(
            "select length(body) from documents where trace_id = ? and id = ?", (trace_id, identity)
        ).fetchone()
        growth = len(body) - (earlier[0] if earlier else 0)
        self._database.execute("insert or replace into documents values (?, ?, ?)", (trace_id, identity, body))
        self._database.execute(
            "insert into traces values (?, ?, ?, ?, ?, 1, null) on conflict (trace_id) do update set "
            "started = min(started, excluded.started), ended = max(ended, excluded.ended), "
            "updated = excluded.updated, bytes = bytes + excluded.bytes, revision = revision + 1, summary = null",
            (trace_id, document["start_time"], document.get("end_time", document["start_time"]), self._clock(), growth),
        )
        self._bytes += growth

    def _drop_oldest(self) -> None:
        oldest = self._database.execute("select trace_id, bytes from traces order by started limit 50").fetchall()
        for trace_id, size in oldest:
            if self._bytes <= self._maximum_bytes:
                return
            self._database.execute("delete from documents where trace_id = ?", (trace_id,))
            self._database.execute("delete from traces where trace_id = ?", (trace_id,))
            self._bytes -= size
            self.dropped += 1

    def _summarised(self, trace_id: str, summary: str | None, revision: int) -> dict[str, Any]:
        if summary is not None:
            return documents.load(summary)
        return summarise(trace_id, list(self._documents(trace_id)), revision)

    def _keep_summaries(self, made: list[dict[str, Any]]) -> None:
        """Keep what can be made again, if there is room: then the next page is quicker."""
        with suppress(sqlite3.Error), self._transaction():
            self._database.executemany(
                "update traces set summary = ? where trace_id = ?",
                [(documents.dump(summary), summary["Id"]) for summary in made],
            )

    def _documents(self, trace_id: str) -> Iterator[Document]:
        return (documents.load(body) for _, body in self.bodies(trace_id))
