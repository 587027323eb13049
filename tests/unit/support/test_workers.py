import pytest

from tests.support.workers import CLOUD, share


class TestShare:
    @pytest.mark.parametrize(
        "test",
        [
            "tests/e2e/test_access.py::TestAccess::test_a",
            "tests/security/test_inputs.py::TestInputs::test_a[memory-tests/unit/]",
            "tests/reliability/test_storm.py::TestStorm::test_a",
            "tests/a_new_folder/test_a.py::test_a",
        ],
    )
    def test_whatever_may_need_the_cloud_stays_together(self, test: str) -> None:
        assert share(test) == CLOUD

    def test_who_shares_what_a_folder_has_made_stays_together(self) -> None:
        one, other = "tests/integration/local/test_a.py::test_a", "tests/integration/local/test_b.py::TestB::test_b"
        assert share(one) == share(other) != CLOUD
        assert share(one) != share("tests/integration/engines/test_a.py::test_a")

    def test_both_that_use_the_secured_cloud_stay_together(self) -> None:
        one, other = "tests/contract/test_users.py::TestUsers::test_a[tests/unit/]", "tests/secured/test_a.py::test_a"
        assert share(one) == share(other) != CLOUD

    def test_what_starts_nothing_goes_by_its_file(self) -> None:
        ids = [f"tests/unit/{file}.py::TestA::{name}" for file in ("domain/test_a", "wire/test_a") for name in "ab"]
        assert [share(each) for each in ids] == [
            *["tests/unit/domain/test_a.py"] * 2,
            *["tests/unit/wire/test_a.py"] * 2,
        ]

    def test_each_run_of_the_simulation_goes_by_itself(self) -> None:
        ids = [f"tests/reliability/test_persist_and_deliver.py::TestPersistAndDeliver::test_a[{n}]" for n in range(2)]
        assert [share(each) for each in ids] == ids
