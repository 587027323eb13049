import json

from local.sources.batches import Record
from local.sources.kafka_events import event


class TestEvent:
    def test_has_the_form_of_amazon_msk(self) -> None:
        records = [
            Record("chat", 0, 15, 1545084650987, "CREATE_TIME", b"abc", b"Hello", (("h", b"\x01\xff"),)),
            Record("chat", 0, 16, 1545084650988, "LOG_APPEND_TIME", None, None),
        ]
        assert json.loads(event([records], source_arn="arn:msk", bootstrap="127.0.0.1:9")) == {
            "eventSource": "aws:kafka",
            "eventSourceArn": "arn:msk",
            "bootstrapServers": "127.0.0.1:9",
            "records": {
                "chat-0": [
                    {
                        "topic": "chat",
                        "partition": 0,
                        "offset": 15,
                        "timestamp": 1545084650987,
                        "timestampType": "CREATE_TIME",
                        "key": "YWJj",
                        "value": "SGVsbG8=",
                        "headers": [{"h": [1, 255]}],
                    },
                    {
                        "topic": "chat",
                        "partition": 0,
                        "offset": 16,
                        "timestamp": 1545084650988,
                        "timestampType": "LOG_APPEND_TIME",
                        "headers": [],
                    },
                ]
            },
        }

    def test_has_a_list_for_each_partition(self) -> None:
        batches = [[Record("chat", partition, 1, 0, "CREATE_TIME", None, b"v")] for partition in (3, 5)]
        assert list(json.loads(event(batches, source_arn="arn:msk", bootstrap="b"))["records"]) == ["chat-3", "chat-5"]
