"""Files, by the client against the fake cloud: whole or not at all, whatever breaks off meanwhile."""

import asyncio
import os
import stat
import tracemalloc
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from natter_client import Attachment, Client, FileRefused, Forbidden, NotFound, files, sync
from natter_client.testing import FakeServer
from natter_client.testing.server import PASSWORD
from natter_client.testing.world import User
from tests.clients.python.ceiling import CEILING_S, all_bounded

CAT = os.urandom(300_000)
MIB = 1 << 20


class Stage:
    """Ann and Ben in one conversation; Ann has a picture of a cat."""

    def __init__(self, server: FakeServer, folder: Path, ann: Client) -> None:
        self.server, self.folder, self.ann = server, folder, ann
        self.ben = server.user("ben")
        self.chat = ann.conversation(server.world.begin(ann.user_id, [self.ben.user_id])[0].conversation_id)
        self.cat = folder / "cat.png"
        self.cat.write_bytes(CAT)

    def posts(self) -> int:
        """How often something was announced."""
        return sum(1 for _ in self.server.world.files._files)

    async def shown(self) -> Attachment:
        """The cat, as a message shows it."""
        seq = await (await self.chat.send_file(self.cat, text="look")).placed()
        message = self.chat.message(seq or 0)
        assert message is not None
        assert message.attachment is not None
        return message.attachment


@pytest.fixture
async def stage(tmp_path: Path) -> AsyncIterator[Stage]:
    async with FakeServer() as server:
        ann: User = server.user("ann")
        async with Client(server.http_url, store=tmp_path / "ann.db", username="ann", password=ann.password) as client:
            await client.synced()
            yield Stage(server, tmp_path, client)


@all_bounded
class TestSending:
    async def test_what_one_sends_the_other_saves(self, stage: Stage) -> None:
        told: list[tuple[int, int]] = []
        sent = await stage.chat.send_file(stage.cat, text="look", progress=lambda done, size: told.append((done, size)))
        seq = await sent.placed()
        assert (told[0], told[-1], told) == ((0, len(CAT)), (len(CAT), len(CAT)), sorted(told))
        async with Client(
            stage.server.http_url, store=stage.folder / "ben.db", username="ben", password=PASSWORD
        ) as ben:
            await ben.synced()
            message = ben.conversation(stage.chat.conversation_id).message(seq or 0)
            assert message is not None
            assert message.attachment is not None
            assert message.text == "look"
            details = await ben.attachment_details(message.attachment)
            assert (details.name, details.content_type, details.size) == ("cat.png", "image/png", len(CAT))
            told.clear()
            saved = await ben.save_attachment(
                message.attachment,
                stage.folder / "of ben.png",
                progress=lambda done, size: told.append((done, size)),
            )
            assert saved == stage.folder / "of ben.png"
            assert saved.read_bytes() == CAT
            assert (told[0], told[-1]) == ((0, len(CAT)), (len(CAT), len(CAT)))

    async def test_what_holds_nothing_is_a_file_too(self, stage: Stage) -> None:
        stage.cat.write_bytes(b"")
        assert (await stage.ann.save_attachment(await stage.shown(), stage.folder / "x")).read_bytes() == b""

    async def test_the_caption_may_be_missing(self, stage: Stage) -> None:
        seq = await (await stage.chat.send_file(stage.cat)).placed()
        message = stage.chat.message(seq or 0)
        assert message is not None
        assert message.content.keys() == {"type", "attachment_id"}

    async def test_what_cannot_be_sent_is_refused_before_anything_is(self, stage: Stage) -> None:
        large = stage.folder / "large.bin"
        with large.open("wb") as file:
            file.truncate(files.MOST_BYTES + 1)
        pipe = stage.folder / "pipe"
        os.mkfifo(pipe)
        broken = stage.folder / "a\nb.png"
        broken.write_bytes(CAT)
        for path, content_type, what in (
            (large, None, "size"),
            (stage.cat, "picture", "content_type"),
            (broken, None, "name"),
            (pipe, None, "ordinary"),
            (stage.folder, None, "ordinary"),
        ):
            with pytest.raises(FileRefused, match=what):
                await stage.chat.send_file(path, content_type=content_type)
        with pytest.raises(FileNotFoundError):
            await stage.chat.send_file(stage.folder / "nothing.png")
        with pytest.raises(ValueError, match="cannot be sent"):
            await stage.chat.send_file(stage.cat, text="caf\udce9")
        assert (stage.posts(), stage.chat.unsent()) == (0, [])

    @pytest.mark.parametrize("code", ["unavailable", "internal", "rate_limited", "forbidden"])
    @pytest.mark.parametrize("kind", ["POST /files", "POST attachments"])
    async def test_what_fails_is_tried_again_with_a_fresh_link(self, stage: Stage, code: str, kind: str) -> None:
        """A store's `forbidden` may be a form that is too old; the API's own is final."""
        if kind == "POST attachments":
            kind = f"POST /v1/conversations/{stage.chat.conversation_id}/attachments"
        stage.server.refuse(kind, code, retry_after_s=0.01)
        stage.server.swallow("POST /files", carried_out=True)
        if code == "forbidden" and kind != "POST /files":
            with pytest.raises(Forbidden):
                await stage.chat.send_file(stage.cat)
            return
        await (await stage.chat.send_file(stage.cat, text="once")).placed()
        assert stage.server.texts(stage.chat.conversation_id) == ["once"]
        assert stage.posts() >= 2

    async def test_a_form_that_has_ended_is_replaced(self, stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
        post = stage.server.world.files.post
        late = iter([True, False])

        def posted(content_type: str, body: bytes) -> int:
            if next(late):
                for file in stage.server.world.files._files.values():
                    file.form_until = 0.0
            return post(content_type, body)

        monkeypatch.setattr(stage.server.world.files, "post", posted)
        await (await stage.chat.send_file(stage.cat)).placed()
        assert stage.posts() == 2

    @pytest.mark.parametrize("size", [len(CAT) // 2, len(CAT), 2 * len(CAT)])
    async def test_what_changes_on_its_way_is_sent_as_it_is_then(self, stage: Stage, size: int) -> None:
        other = os.urandom(size)

        def change(done: int, _size: int) -> None:
            if done == 0 and stage.posts() == 1:
                stage.cat.write_bytes(other)

        sent = await stage.chat.send_file(stage.cat, progress=change)
        message = stage.chat.message(await sent.placed() or 0)
        assert message is not None
        assert message.attachment is not None
        assert (await stage.ann.save_attachment(message.attachment, stage.folder / "x")).read_bytes() == other
        assert stage.posts() == 2

    async def test_a_store_that_goes_on_refusing_is_an_error(self, stage: Stage) -> None:
        stage.server.refuse("POST /files", "forbidden", times=files.MOST_REFUSALS)
        with pytest.raises(FileRefused, match="HTTP 403"):
            await stage.chat.send_file(stage.cat)
        assert stage.chat.unsent() == []

    async def test_cancelled_while_uploading_nothing_is_sent(self, stage: Stage) -> None:
        began = asyncio.Event()
        stage.server.refuse("POST /files", "unavailable", times=1000, retry_after_s=60)
        task = asyncio.create_task(stage.chat.send_file(stage.cat, progress=lambda *_: began.set()))
        await began.wait()
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        assert stage.chat.unsent() == []
        assert await (await stage.chat.send("it goes on")).placed() == 2

    async def test_once_uploaded_it_is_in_the_outbox(self, stage: Stage) -> None:
        """Waiting may be cancelled then: that takes nothing back."""
        stage.server.refuse("send", "unavailable", retry_after_s=0.5)
        task = asyncio.create_task(stage.chat.send_file(stage.cat, text="kept", client_id="mine"))
        while not stage.chat.unsent():  # noqa: ASYNC110
            await asyncio.sleep(0.01)
        task.cancel()
        again = await stage.chat.send_file(stage.cat, text="kept", client_id="mine")
        await again.placed()
        await stage.chat.send_file(stage.cat, text="kept", client_id="mine")
        assert stage.server.texts(stage.chat.conversation_id) == ["kept"]
        assert stage.posts() == 1

    async def test_what_progress_raises_comes_out(self, stage: Stage) -> None:
        def stop(_done: int, _size: int) -> None:
            raise LookupError("enough")

        with pytest.raises(LookupError, match="enough"):
            await stage.chat.send_file(stage.cat, progress=stop)

    async def test_a_large_file_takes_no_memory(self, stage: Stage) -> None:
        """What takes it counts it, and keeps nothing."""
        large = stage.folder / "large.bin"
        with large.open("wb") as file:
            file.truncate(40 * MIB)
        taken = 0

        async def take(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            nonlocal taken
            size = int((await reader.readuntil(b"\r\n\r\n")).lower().partition(b"content-length:")[2].split()[0])
            while taken < size:
                taken += len(await reader.read(65_536))
            writer.write(b"HTTP/1.1 204 No Content\r\n\r\n")
            await writer.drain()
            writer.close()

        async with await asyncio.start_server(take, "127.0.0.1") as store:
            form = {"url": f"http://127.0.0.1:{store.sockets[0].getsockname()[1]}/", "fields": {"key": "x"}}

            async def request(method: str, path: str, body: object = None) -> object:  # noqa: ARG001
                return {"attachment_id": "a", "upload": form}

            tracemalloc.start()
            try:
                assert await files.upload(request, "chat", large, None, None) == "a"
                _, most = tracemalloc.get_traced_memory()
            finally:
                tracemalloc.stop()
        assert taken > 40 * MIB
        assert most < 4 * MIB


@all_bounded
class TestSaving:
    async def test_in_a_folder_it_has_its_own_name_and_replaces_nothing(self, stage: Stage) -> None:
        attachment = await stage.shown()
        folder = stage.folder / "saved"
        folder.mkdir()
        for name in ("cat.png", "cat (1).png", "cat (2).png"):
            assert await stage.ann.save_attachment(attachment, folder) == folder / name
        assert {path.read_bytes() for path in folder.iterdir()} == {CAT}

    async def test_a_target_is_replaced_when_all_is_there(self, stage: Stage) -> None:
        attachment = await stage.shown()
        target = stage.folder / "target.png"
        target.write_bytes(b"before")
        seen: set[bytes] = set()
        await stage.ann.save_attachment(attachment, target, progress=lambda *_: seen.add(target.read_bytes()))
        assert (seen, target.read_bytes()) == ({b"before"}, CAT)
        other = stage.folder / "ordinary"
        other.touch()
        assert stat.S_IMODE(target.stat().st_mode) == stat.S_IMODE(other.stat().st_mode)

    @pytest.mark.parametrize(
        ("name", "kept"),
        [
            ("../../etc/passwd", "_._etc_passwd"),
            ("..", "_"),
            (".bashrc", "bashrc"),
            ("C:\\x", "C__x"),
            ("NUL.txt", "_NUL.txt"),
            ("a\u202egnp.exe", "a_gnp.exe"),
            ("cat.", "cat"),
            ("ж" * 255, "ж" * 100),
            ("ж" * 250 + ".png", "ж" * 100 + ".png"),
            ("a." + "x" * 250, "a." + "x" * 19),
        ],
    )
    def test_names_of_others_are_no_paths(self, name: str, kept: str) -> None:
        assert files._name_on_disk(name) == kept

    async def test_what_breaks_off_goes_on(self, stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
        """From where it was, with a fresh link."""
        attachment = await stage.shown()
        asked: list[str] = []

        async def hand_out(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            head = (await reader.readuntil(b"\r\n\r\n")).decode().lower()
            asked.append(head.partition("range: ")[2].partition("\r\n")[0])
            begin = 100_000 if asked[-1] else 0
            writer.write(f"HTTP/1.1 {206 if begin else 200} x\r\nContent-Length: {len(CAT) - begin}\r\n\r\n".encode())
            writer.write(CAT[begin:] if begin else CAT[:100_000])
            await writer.drain()
            writer.close()

        async with await asyncio.start_server(hand_out, "127.0.0.1") as store:
            url = f"http://127.0.0.1:{store.sockets[0].getsockname()[1]}/"
            monkeypatch.setattr(stage.server._route, "_files_url", lambda: url)
            saved = await stage.ann.save_attachment(attachment, stage.folder / "x")
        assert (saved.read_bytes(), asked) == (CAT, ["", "bytes=100000-"])

    async def test_with_an_error_nothing_is_left(self, stage: Stage) -> None:
        attachment = await stage.shown()
        before = set(stage.folder.iterdir())
        stage.server.refuse("GET /files", "forbidden", times=files.MOST_REFUSALS)
        with pytest.raises(FileRefused, match="HTTP 403"):
            await stage.ann.save_attachment(attachment, stage.folder / "x")
        with pytest.raises(NotFound):
            await stage.ann.save_attachment(Attachment(attachment.conversation_id, "other"), stage.folder / "x")
        with pytest.raises(FileNotFoundError):
            await stage.ann.save_attachment(attachment, stage.folder / "no folder" / "x")
        assert set(stage.folder.iterdir()) == before

    async def test_cancelled_nothing_is_left(self, stage: Stage) -> None:
        attachment = await stage.shown()
        before = set(stage.folder.iterdir())
        began = asyncio.Event()
        stage.server.refuse("GET /files", "unavailable", times=1000)
        task = asyncio.create_task(
            stage.ann.save_attachment(attachment, stage.folder / "x", progress=lambda *_: began.set())
        )
        await began.wait()
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        assert set(stage.folder.iterdir()) == before

    async def test_what_is_shown_no_more_is_not_there(self, stage: Stage) -> None:
        attachment = await stage.shown()
        await stage.chat.delete(2).placed()
        with pytest.raises(NotFound):
            await stage.ann.attachment_details(attachment)


@all_bounded
class TestWithoutAsyncio:
    async def test_files_go_and_come(self, tmp_path: Path) -> None:
        async with FakeServer() as server:
            server.user("ann"), server.user("ben")
            cat = tmp_path / "cat.png"
            cat.write_bytes(CAT)
            told: list[int] = []

            def talk() -> bytes:
                with sync.Client(
                    server.http_url, store=tmp_path / "ann.db", username="ann", password=PASSWORD, timeout_s=CEILING_S
                ) as ann:
                    chat = ann.direct("ben")
                    seq = chat.send_file(cat, text="look", progress=lambda done, _: told.append(done)).placed()
                    (attachment,) = [each.attachment for each in chat.messages() if each.seq == seq]
                    assert attachment is not None
                    assert ann.attachment_details(attachment).name == "cat.png"
                    return ann.save_attachment(attachment, tmp_path / "saved.png").read_bytes()

            assert await asyncio.to_thread(talk) == CAT
            assert told[-1] == len(CAT)
