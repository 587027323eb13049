import argparse

from local.faults import command


def parsed(*words: str) -> dict[str, object]:
    parser = argparse.ArgumentParser()
    command.add_arguments(parser)
    return {name: value for name, value in vars(parser.parse_args(words)).items() if value is not None}


class TestArguments:
    def test_fields_of_the_fault_are_its_arguments(self) -> None:
        assert parsed("delay", "persist", "--ms", "200", "--batches", "3") == {
            "kind": "delay",
            "function": "persist",
            "ms": 200,
            "batches": 3,
        }

    def test_flags_and_numbers_are_understood(self) -> None:
        assert parsed("duplicate", "persist", "--concurrently")["concurrently"] is True
        assert parsed("connections", "410", "--posts", "50")["answer"] == 410
        assert parsed("connections", "none")["answer"] == "none"
        assert parsed("zombie", "persist", "--after-ms", "20")["after_ms"] == 20


class TestDescribe:
    def test_names_what_is_set_and_what_remains(self) -> None:
        fault = {"kind": "pause", "engine": "kafka", "seconds": 10}
        assert command.describe({"fault": fault, "hits": 1, "ends_in_s": 4.2}) == (
            "pause kafka, seconds 10, hits 1, ends in 4.2 s"
        )

    def test_leaves_out_what_is_not_set(self) -> None:
        fault = {"target": "kafka", "workers": None, "seconds": None, "kind": "kill"}
        assert command.describe({"fault": fault, "hits": 1, "ends_in_s": None}) == "kill kafka, hits 1"
