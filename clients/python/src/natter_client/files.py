"""
Files that messages show. They go to the store, and come from it, past the API: piece by piece, with links that are
good for minutes, so that whatever breaks off begins anew with a fresh one.
"""

import asyncio
import base64
import hashlib
import io
import mimetypes
import ntpath
import random
import re
import secrets
import stat
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol
from urllib.parse import quote

import httpx2

from natter_client.core.part import backoff_ms
from natter_client.errors import FileRefused, NatterError, Unavailable, Unreachable
from natter_client.events import Attachment, FileDetails
from natter_client.frames import readable_answer

MOST_BYTES = 100 * 1024 * 1024
MOST_NAME, MOST_TYPE = 255, 100
"""Characters."""
TIMEOUT = httpx2.Timeout(20.0, read=60.0)
"""Of each step, since nobody knows how long a whole file takes; the store reads all of it before it answers."""
MOST_REFUSALS = 3
"""By the store, each with a fresh link: one may have been too old, or the file have changed on its way."""
UNKNOWN_TYPE = "application/octet-stream"
MOST_STEM, MOST_SUFFIX = 200, 20
"""Bytes of a name on disk; file systems take 255."""

_TOKEN = r"[A-Za-z0-9!#$&^_.+-]+"  # noqa: S105 - as RFC 6838 has them
_BREAKS = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff]")
_MEDIA_TYPE = re.compile(rf"{_TOKEN}/{_TOKEN}(?: ?; ?{_TOKEN}={_TOKEN})*")
_NO_NAME_ON_DISK = re.compile(r'[\x00-\x1f\x7f-\x9f\u2028-\u202e\u2066-\u2069\ud800-\udfff<>:"/\\|?*]')
"""Neither part of a path, nor what a file system or its reader takes for something else."""

type Progress = Callable[[int, int], object]
"""Told how many bytes of how many are done, where the client runs. What begins anew is told from there on."""


class Request(Protocol):
    """A call of the HTTP API, signed in."""

    async def __call__(self, method: str, path: str, body: Any = None) -> Any: ...


@dataclass(frozen=True)
class _Link:
    url: str
    details: FileDetails


class _NotTakenError(Exception):
    """The store refuses: a fresh link may help, or the file as it is now."""


async def upload(
    request: Request, conversation_id: str, path: Path, content_type: str | None, progress: Progress | None
) -> str:
    """
    The id of what was uploaded. What no message shows within a day is gone.

    Raises:
        FileRefused: it is none that can be sent, which is said before anything of it is; or the store refuses it.
        NatterError: the API refuses it. What a retry helps is repeated until this is cancelled.
        OSError: it cannot be read.
    """
    kind = content_type or _guessed(path)
    announced = await asyncio.to_thread(_announcement, path, kind)

    async def attempt() -> str:
        nonlocal announced
        offer = _expected("upload", await request("POST", _attachments(conversation_id), announced))
        try:
            await _post(offer["upload"], path, announced["size"], progress)
        except _NotTakenError:
            announced = await asyncio.to_thread(_announcement, path, kind)
            raise
        return str(offer["attachment_id"])

    return await _insisted(attempt)


async def details(request: Request, attachment: Attachment) -> FileDetails:
    """
    Raises:
        NotFound: no message that one may read shows it.
        NatterError
    """
    return (await _link(request, attachment)).details


async def download(request: Request, attachment: Attachment, target: Path, progress: Progress | None) -> Path:
    """
    Where it is now: at `target`, or in it under its own name if that is a folder. It is there as a whole or not at
    all: until then it is beside, under a name of its own.

    Raises:
        NotFound: no message that one may read shows it.
        FileRefused: the store refuses to hand it out.
        NatterError: the API refuses. What a retry helps is repeated until this is cancelled.
        OSError: it cannot be written.
    """
    folder = _folder(target)
    part = (folder or target.parent) / f".natter-{secrets.token_hex(8)}.part"
    try:
        with part.open("xb") as out:
            found = await _insisted(lambda: _fetch(request, attachment, out, progress))
        return part.replace(target if folder is None else _free(folder / _name_on_disk(found.name)))
    finally:
        part.unlink(missing_ok=True)


def _guessed(path: Path) -> str:
    found, packed = mimetypes.guess_file_type(path)
    return found if found and not packed else UNKNOWN_TYPE


def _announcement(path: Path, content_type: str) -> dict[str, Any]:
    """
    Raises:
        FileRefused
        OSError
    """
    if not stat.S_ISREG((found := path.stat()).st_mode):
        raise FileRefused("it is no ordinary file")
    if found.st_size > MOST_BYTES:
        raise FileRefused(f"size: {found.st_size} bytes are over {MOST_BYTES}")
    if len(content_type) > MOST_TYPE or not _MEDIA_TYPE.fullmatch(content_type):
        raise FileRefused("content_type: must be TYPE/SUBTYPE")
    if len(path.name) > MOST_NAME or _BREAKS.search(path.name):
        raise FileRefused(f"name: must be one line of Unicode, up to {MOST_NAME} characters")
    with path.open("rb") as file:
        digest = base64.b64encode(hashlib.file_digest(file, "sha256").digest()).decode()
        return {"name": path.name, "content_type": content_type, "size": file.tell(), "sha256": digest}


class _Counted(io.FileIO):
    """A file that tells how much of it was read, and so handed to the socket, when more is asked for."""

    def __init__(self, path: Path, size: int, progress: Progress | None) -> None:
        super().__init__(path)
        self._size, self._tell = size, progress or _tell_nobody

    def read(self, size: int | None = -1, /) -> bytes:
        """
        Raises:
            _NotTakenError: it has another size than it had.
        """
        before = self.tell()
        self._tell(min(before, self._size), self._size)
        piece = super().read(size) or b""
        if before + len(piece) > self._size or (not piece and before < self._size):
            raise _NotTakenError("it has changed on its way")
        return piece


async def _post(form: Any, path: Path, size: int, progress: Progress | None) -> None:
    with _Counted(path, size, progress) as file:
        try:
            async with httpx2.AsyncClient(timeout=TIMEOUT) as store:
                answer = await store.post(form["url"], data=form["fields"], files={"file": ("file", file)})
        except (httpx2.TransportError, httpx2.InvalidURL) as error:
            raise Unreachable(type(error).__name__) from error
    _raise_for(answer)


def _attachments(conversation_id: str) -> str:
    return f"/v1/conversations/{quote(conversation_id, safe='')}/attachments"


def _expected(kind: str, answer: Any) -> Any:
    if (found := readable_answer(kind, answer)) is None:
        raise Unavailable("attachments: not what was asked for")
    return found


async def _link(request: Request, attachment: Attachment) -> _Link:
    inside = _attachments(attachment.conversation_id)
    found = _expected("link", await request("GET", f"{inside}/{quote(attachment.attachment_id, safe='')}"))
    return _Link(found["url"], FileDetails(**{name: found[name] for name in ("name", "content_type", "size")}))


async def _fetch(
    request: Request, attachment: Attachment, out: io.BufferedWriter, progress: Progress | None
) -> FileDetails:
    """What of it is not in `out` yet; of what."""
    link = await _link(request, attachment)
    tell = progress or _tell_nobody
    size = link.details.size
    tell(out.tell(), size)
    headers = {"Accept-Encoding": "identity", **({"Range": f"bytes={out.tell()}-"} if out.tell() else {})}
    try:
        async with (
            httpx2.AsyncClient(timeout=TIMEOUT) as store,
            store.stream("GET", link.url, headers=headers) as answer,
        ):
            _raise_for(answer)
            if answer.status_code != httpx2.codes.PARTIAL_CONTENT:
                out.seek(0)
                out.truncate()
            async for piece in answer.aiter_raw():
                out.write(piece)
                tell(out.tell(), size)
                if out.tell() > size:
                    break
    except (httpx2.TransportError, httpx2.InvalidURL) as error:
        raise Unreachable(type(error).__name__) from error
    if out.tell() != size:
        out.seek(0)
        out.truncate()
        raise _NotTakenError("it has another size than was told")
    return link.details


def _tell_nobody(_done: int, _size: int) -> None:
    pass


def _raise_for(answer: httpx2.Response) -> None:
    if answer.is_server_error or answer.status_code in {httpx2.codes.REQUEST_TIMEOUT, httpx2.codes.TOO_MANY_REQUESTS}:
        raise Unavailable(f"the store: HTTP {answer.status_code}")
    if not answer.is_success:
        raise _NotTakenError(f"the store: HTTP {answer.status_code}")


async def _insisted[Result](attempt: Callable[[], Awaitable[Result]]) -> Result:
    """What `attempt` comes to; repeated, never earlier than it was asked to be, while a retry may help."""
    failures = refusals = 0
    while True:
        after_s = 0.0
        try:
            return await attempt()
        except _NotTakenError as error:
            refusals += 1
            if refusals == MOST_REFUSALS:
                raise FileRefused(str(error)) from None
        except NatterError as error:
            if not error.retryable:
                raise
            after_s = error.retry_after_s or 0.0
        await asyncio.sleep(after_s + backoff_ms(failures, random.SystemRandom().random) / 1000)
        failures += 1


def _folder(target: Path) -> Path | None:
    return target if target.is_dir() else None


def _name_on_disk(name: str) -> str:
    """Somebody else has chosen it: no path, nothing that is hidden, and no device."""
    clean = Path(_NO_NAME_ON_DISK.sub("_", name).strip(" .") or "_")
    found = _cut(clean.stem, MOST_STEM) + _cut(clean.suffix, MOST_SUFFIX)
    return f"_{found}" if ntpath.isreserved(found) else found


def _cut(text: str, most: int) -> str:
    return text.encode()[:most].decode(errors="ignore").rstrip(" .")


def _free(path: Path) -> Path:
    """The path, or a like one at which there is nothing."""
    number, free = 0, path
    while free.exists():
        number += 1
        free = path.with_name(f"{path.stem} ({number}){path.suffix}")
    return free
