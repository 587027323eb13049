import hashlib
import threading
from collections.abc import Iterator
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from local.engines import jars
from local.engines.jars import JarUnavailable
from local.progress import Progress

CONTENT = b"the jar's bytes"
STORED = "org/example/thing/1.0/thing-1.0-linux.jar"


@pytest.fixture
def repository(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A Maven repository of one jar, which the user's jgo settings put in the place of Maven Central."""
    folder = tmp_path / "repository"
    (folder / STORED).parent.mkdir(parents=True)
    (folder / STORED).write_bytes(CONTENT)
    with ThreadingHTTPServer(("127.0.0.1", 0), partial(SimpleHTTPRequestHandler, directory=folder)) as server:
        threading.Thread(target=server.serve_forever).start()
        (tmp_path / "jgo.conf").write_text(f"[repositories]\ncentral = http://127.0.0.1:{server.server_port}\n")
        monkeypatch.setenv("JGO_CONFIG_FILE", str(tmp_path / "jgo.conf"))
        monkeypatch.setattr(jars, "LOCK", tmp_path / "jars.toml")
        yield folder
        server.shutdown()


def lock(coordinate: str, content: bytes) -> None:
    jars.LOCK.write_text(f'[thing]\n"{coordinate}" = "{hashlib.sha256(content).hexdigest()}"\n')


def files(folder: Path) -> list[Path]:
    return [file for file in folder.rglob("*") if file.is_file()]


class TestFetch:
    async def test_a_jar_is_downloaded_once(self, repository: Path, tmp_path: Path) -> None:
        lock("org.example:thing:1.0:linux", CONTENT)
        cache = tmp_path / "cache"
        (jar,) = await jars.fetch("thing", Progress(), cache=cache)
        assert jar == cache / STORED
        assert jar.read_bytes() == CONTENT

        (repository / STORED).unlink()
        assert await jars.fetch("thing", Progress(), cache=cache) == [jar]
        assert files(cache) == [jar]

    @pytest.mark.usefixtures("repository")
    async def test_a_jar_that_is_not_the_locked_one_is_refused(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(jars, "ATTEMPTS", 2)
        lock("org.example:thing:1.0:linux", b"other bytes")
        with pytest.raises(JarUnavailable, match="SHA-256 is not the locked one"):
            await jars.fetch("thing", Progress(), cache=tmp_path / "cache")
        assert files(tmp_path / "cache") == []

    @pytest.mark.usefixtures("repository")
    async def test_a_jar_that_no_repository_has_is_named(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(jars, "ATTEMPTS", 2)
        lock("org.example:other:1.0", CONTENT)
        with pytest.raises(JarUnavailable, match=r"org.example:other.*no repository has it"):
            await jars.fetch("thing", Progress(), cache=tmp_path / "cache")
