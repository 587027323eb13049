"""What goes with a record."""

from natter.adapters.kafka.client import NewRecord


def test_the_traces_that_it_belongs_to_are_a_header() -> None:
    record = NewRecord(topic="chat.events", key="lobby", value=b"{}", schema=b"events/1")
    assert record.headers("00-a-b-01") == [("schema", b"events/1"), ("traceparent", b"00-a-b-01")]
    assert record.headers(None) == [("schema", b"events/1")]
