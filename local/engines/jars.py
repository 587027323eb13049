"""
The Java engines' jars, exactly those of `jars.toml`, in a cache that all checkouts of this user share.

`python -m local.engines.jars` writes `jars.toml` anew: it resolves `ROOTS` to all that they depend on, and takes
`WHOLE` as it is. Fetching resolves nothing: each locked artifact is downloaded by its coordinates and must have the
locked SHA-256.
"""

import asyncio
import hashlib
import json
import os
import random
import secrets
import tempfile
import time
import tomllib
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from http import HTTPStatus
from pathlib import Path

from jgo.config import GlobalSettings
from jgo.constants import MAVEN_CENTRAL_URL
from jgo.maven import Artifact, MavenContext
from requests import RequestException, Session
from requests.adapters import HTTPAdapter

from local.progress import Progress

ROOTS = {
    "kafka": (
        "org.apache.kafka:kafka_2.13:4.3.1",
        "org.apache.kafka:kafka-tools:4.3.1",
        "org.slf4j:slf4j-simple:1.7.36",  # warnings reach the log, and so the report of a failed start
    ),
    "cassandra": ("org.apache.cassandra:cassandra-all:5.0.4",),
}
WHOLE = {"zipkin": "io.zipkin:zipkin-server:3.6.1:slim"}
"""Jars that have in themselves all that they need."""
LOCK = Path(__file__).with_name("jars.toml")
AT_ONCE = 16
DOWNLOAD_S = 20
ATTEMPTS = 4


class JarUnavailable(Exception):
    """A jar could not be downloaded, or is not the one that was locked."""


def cache_folder() -> Path:
    """Where the jars are kept: `natter/jars` in the user's cache folder (XDG)."""
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "natter" / "jars"


async def fetch(engine: str, progress: Progress, *, cache: Path | None = None) -> list[Path]:
    """
    The jars of `engine` in class path order, downloading what is missing.

    Raises:
        JarUnavailable: after bounded retries.
    """
    cache = cache or cache_folder()
    locked: dict[str, str] = tomllib.loads(LOCK.read_text())[engine]
    context = _context(cache)
    wanted = {_artifact(context, coordinate): digest for coordinate, digest in locked.items()}
    missing = [artifact for artifact in wanted if not _path(artifact).exists()]
    if missing:
        loop = asyncio.get_running_loop()
        with (
            progress.step(f"{engine}'s jars", done="downloaded", total=len(missing)) as step,
            _session() as session,
            ThreadPoolExecutor(AT_ONCE) as pool,
        ):
            downloads = [
                loop.run_in_executor(pool, _download, session, artifact, wanted[artifact]) for artifact in missing
            ]
            for download in asyncio.as_completed(downloads):
                await download
                step.advance()
    return [_path(artifact) for artifact in wanted]


def resolve(roots: Iterable[str], cache: Path) -> dict[str, str]:
    """All that `roots` depend on, in class path order: coordinate to SHA-256."""
    context = _context(cache)
    given, found = context.resolver.resolve([context.create_dependency(root) for root in roots])
    artifacts = [dependency.artifact for dependency in (*given, *found)]
    with ThreadPoolExecutor(AT_ONCE) as pool:
        files = list(pool.map(Artifact.resolve, artifacts))
    return {_coordinate(artifact): _sha256(file) for artifact, file in zip(artifacts, files, strict=True)}


def take(coordinate: str, cache: Path) -> dict[str, str]:
    """As `resolve`, of one that depends on nothing."""
    return {coordinate: _sha256(_artifact(_context(cache), coordinate).resolve())}


def _context(cache: Path) -> MavenContext:
    """Maven Central and the repositories of the user's jgo settings, where a `central` replaces ours (a mirror)."""
    repositories = {"central": MAVEN_CENTRAL_URL} | GlobalSettings.load().repositories
    return MavenContext(repo_cache=cache, remote_repos=repositories, timeout=DOWNLOAD_S)


def _coordinate(artifact: Artifact) -> str:
    parts = (artifact.groupId, artifact.artifactId, artifact.version, artifact.classifier)
    return ":".join(part for part in parts if part)


def _artifact(context: MavenContext, coordinate: str) -> Artifact:
    group, name, version, *classifier = coordinate.split(":")
    return context.project(group, name).at_version(version).artifact(*classifier)


def _path(artifact: Artifact) -> Path:
    return artifact.context.repo_cache / artifact.component.path_prefix / artifact.cached_filename


def _session() -> Session:
    """Connections that are kept and shared by the threads."""
    session = Session()
    session.mount("https://", HTTPAdapter(pool_maxsize=AT_ONCE))
    return session


def _download(session: Session, artifact: Artifact, digest: str) -> None:
    for attempt in range(ATTEMPTS):
        try:
            return _download_once(session, artifact, digest)
        except (RequestException, JarUnavailable) as error:
            if attempt == ATTEMPTS - 1:
                raise JarUnavailable(f"{artifact}: {error}") from error
            time.sleep(random.uniform(0, 0.5 * 2**attempt))  # noqa: S311 - jitter
    return None


def _download_once(session: Session, artifact: Artifact, digest: str) -> None:
    """Under a name of its own first, so that the cache holds whole, verified files only."""
    content = _get(session, artifact)
    if hashlib.sha256(content).hexdigest() != digest:
        raise JarUnavailable("its SHA-256 is not the locked one")
    target = _path(artifact)
    target.parent.mkdir(parents=True, exist_ok=True)
    draft = target.with_name(f".{target.name}.{secrets.token_hex(4)}")
    draft.write_bytes(content)
    draft.replace(target)


def _get(session: Session, artifact: Artifact) -> bytes:
    """
    The artifact's bytes from the first repository that has it.

    Not through jgo's own download: that opens two new connections per file, which takes ten times as long.
    """
    for repository in artifact.context.remote_repos.values():
        url = f"{repository}/{artifact.component.path_prefix.as_posix()}/{artifact.filename}"
        answer = session.get(url, timeout=DOWNLOAD_S)
        if answer.status_code != HTTPStatus.NOT_FOUND:
            answer.raise_for_status()
            return answer.content
    raise JarUnavailable("no repository has it")


def _sha256(file: Path) -> str:
    with file.open("rb") as content:
        return hashlib.file_digest(content, "sha256").hexdigest()


def _main() -> None:
    lines = ["# Written by `python -m local.engines.jars`: every jar of each engine, in class path order."]
    with tempfile.TemporaryDirectory() as folder:
        locked = {engine: resolve(roots, Path(folder)) for engine, roots in ROOTS.items()}
        locked |= {engine: take(coordinate, Path(folder)) for engine, coordinate in WHOLE.items()}
        for engine, jars in locked.items():
            lines += ["", f"[{engine}]", *(f"{json.dumps(jar)} = {json.dumps(digest)}" for jar, digest in jars.items())]
    LOCK.write_text("\n".join(lines) + "\n")


if __name__ == "__main__":
    _main()
