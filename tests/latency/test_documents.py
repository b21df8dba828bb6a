"""Segment documents: what a record says is read wherever it stands."""

from pilotlight_tools.latency.documents import facts_of
from tests.support.xray_records import RecordMaker


def test_a_pings_facts_are_its_annotations_and_its_metadata() -> None:
    ping, _ = RecordMaker().tick(1_700_000_000.0, requested=1, unique=1)
    facts = facts_of(ping)
    assert (facts["kind"], facts["start"], facts["environment"], facts["cold_start"]) == ("ping", "warm", "e0", False)


def test_a_requests_facts_are_its_annotations() -> None:
    record = RecordMaker().request(1_700_000_000.0)
    assert facts_of(record) == record["annotations"]
    assert facts_of(record | {"metadata": {"pilotlight": "mine", "other": {"kind": "ping"}}}) == record["annotations"]


def test_documents_that_are_no_records_say_nothing() -> None:
    assert facts_of({"name": "orders"}) == facts_of({"annotations": None, "metadata": None}) == {}
