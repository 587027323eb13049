"""The exporter of the functions at the local cloud's door for traces."""

import asyncio
from collections.abc import AsyncIterator

import pytest
from botocore.credentials import Credentials
from botocore.exceptions import NoCredentialsError

from local.engines.ports import Ports
from local.faults import Service
from local.faults.calls import CallFaults
from local.faults.ledger import Ledger
from local.runtime.http1 import Exchange
from local.traces.door import PATH, TraceDoor
from natter.adapters.otlp import exporter as exporters
from natter.adapters.otlp.exporter import OtlpExporter
from tests.unit.local.traces.test_kept import an_export


class Site:
    """A door, and who exports to it."""

    def __init__(self, port: int) -> None:
        self.faults = CallFaults(Ledger())
        self.refusal: str | None = None
        self.signed: list[bytes] = []
        self.door = TraceDoor(port, self.faults, self.refuse)
        self.url = f"http://127.0.0.1:{port}{PATH}"
        self.exporter = OtlpExporter(self.url, lambda: Credentials("key", "secret"), "eu-west-1")

    def refuse(self, exchange: Exchange) -> str | None:
        self.signed.append(exchange.header(b"authorization") or b"")
        return self.refusal

    async def export(self, body: bytes) -> bool:
        return await asyncio.to_thread(self.exporter, body)


@pytest.fixture
async def site(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Site]:
    site = Site(Ports(tmp_path_factory.mktemp("ports") / "ports.json")["traces"])
    await site.door.start()
    yield site
    site.exporter._http.close()
    await site.door.stop()


class TestExporting:
    async def test_traces_arrive_signed_and_one_after_the_other(self, site: Site) -> None:
        for trace in "ab":
            assert await site.export(an_export((trace, "order")))
        assert [trace["id"] for trace in site.door.kept.last(9)] == ["a", "b"]
        assert all(b"/eu-west-1/xray/aws4_request, SignedHeaders=content-type;host" in each for each in site.signed)

    @pytest.mark.parametrize("answer", ["throttled", "broken"])
    async def test_a_refusal_is_told(self, site: Site, answer: str, caplog: pytest.LogCaptureFixture) -> None:
        site.faults.arm(Service("xray", answer))  # type: ignore[arg-type]
        assert not await site.export(an_export(("a", "order")))
        assert "not exported" in caplog.text
        assert site.door.kept.last(9) == []

    async def test_so_is_one_of_who_may_not(self, site: Site) -> None:
        site.refusal = "nobody may"
        assert not await site.export(an_export(("a", "order")))

    async def test_so_is_what_is_no_export(self, site: Site) -> None:
        assert not await site.export(b"{}")

    @pytest.mark.parametrize("answer", ["none", "lost"])
    async def test_who_does_not_answer_is_waited_for_a_while(
        self, site: Site, answer: str, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(exporters, "TIMEOUT_S", 1.0)
        site.faults.arm(Service("xray", answer))  # type: ignore[arg-type]
        assert not await site.export(an_export(("a", "order")))
        assert len(site.door.kept.last(9)) == (answer == "lost")

    async def test_who_comes_back_is_exported_to(self, site: Site) -> None:
        await site.door.stop()
        assert not await site.export(an_export(("a", "order")))
        await site.door.start()
        assert await site.export(an_export(("b", "order")))

    def test_without_credentials_nothing_is_exported(self) -> None:
        def none() -> Credentials:
            raise NoCredentialsError

        assert not OtlpExporter("http://127.0.0.1:1/v1/traces", none, "eu-west-1")(b"{}")
