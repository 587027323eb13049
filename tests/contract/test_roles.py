"""The role that functions sign in as, and a new password for it, on a real database and Secrets Manager by moto."""

import json
from collections.abc import Callable, Iterator
from typing import Any

import boto3
import psycopg
import pytest

from functions.rotate_login.handler import build
from natter.adapters.postgres.client import Login, Postgres, connect
from natter.adapters.postgres.roles import set_password
from natter.adapters.postgres.rotation import LoginRotation
from natter.domain.errors import Unavailable
from natter.settings import PostgresSettings
from tests.contract.conftest import LOGIN, ROLE

pytestmark = pytest.mark.engines

VERSION = "11111111-2222-3333-4444-555555555555"
STEPS = ("createSecret", "setSecret", "testSecret", "finishSecret")


class TestRole:
    @pytest.mark.parametrize(
        "statement",
        [
            "CREATE TABLE mine (n int)",
            "DROP TABLE users",
            "ALTER TABLE users ADD COLUMN mine int",
            "TRUNCATE users",
            "CREATE ROLE mine",
            "SELECT * FROM alembic_version",
            "DELETE FROM alembic_version",
        ],
    )
    def test_changes_no_table_and_no_role(self, postgres: Postgres, statement: Any) -> None:
        with pytest.raises(Unavailable) as refused:  # while a table is restored, what may be done with it comes last
            postgres.query(statement)
        assert isinstance(refused.value.__cause__, psycopg.errors.InsufficientPrivilege)

    def test_reads_and_writes_rows_of_every_table(self, postgres: Postgres) -> None:
        """Those of migrations to come, too: they are granted with each."""
        lacking = postgres.query(
            "SELECT tablename, privilege FROM pg_tables,"
            " unnest(ARRAY['SELECT', 'INSERT', 'UPDATE', 'DELETE']) AS privilege"
            " WHERE schemaname = 'public' AND tablename NOT IN ('alembic_version', 'counters')"  # made by other tests
            " AND NOT has_table_privilege(tablename::regclass, privilege)"
        )
        assert lacking == []

    def test_its_password_is_in_no_statement(
        self, postgres_settings: PostgresSettings, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        said: list[str] = []
        execute = psycopg.Connection.execute

        def listening(connection: Any, statement: Any, *arguments: Any) -> Any:
            said.append(statement if isinstance(statement, str) else statement.as_string(connection))
            return execute(connection, statement, *arguments)

        monkeypatch.setattr(psycopg.Connection, "execute", listening)
        with connect(postgres_settings, LOGIN) as owner:
            set_password(owner, ROLE)
        assert any("PASSWORD" in each for each in said)
        assert not any(ROLE.password in each for each in said)


@pytest.mark.usefixtures("aws")
class TestRotation:
    @pytest.fixture
    def arn(self) -> str:
        secret = json.dumps({"username": ROLE.username, "password": ROLE.password, "more": "stays"})
        made: str = boto3.client("secretsmanager").create_secret(Name="login", SecretString=secret)["ARN"]
        return made

    @pytest.fixture
    def rotate(self, arn: str, postgres_settings: PostgresSettings) -> Iterator[Callable[[str], None]]:
        """Does one step."""
        rotation = LoginRotation(
            secrets=boto3.client("secretsmanager"), arn=arn, open_owner=lambda: connect(postgres_settings, LOGIN)
        )
        handle = build(rotation, arn)
        yield lambda step: handle({"Step": step, "SecretId": arn, "ClientRequestToken": VERSION}, None)
        with connect(postgres_settings, LOGIN) as owner:
            set_password(owner, ROLE)  # other tests go on with it

    def current(self, arn: str) -> Login:
        """Named by its stage: moto's default is the first version."""
        secrets = boto3.client("secretsmanager")
        secret = json.loads(secrets.get_secret_value(SecretId=arn, VersionStage="AWSCURRENT")["SecretString"])
        assert secret.pop("more") == "stays"
        return Login(**secret)

    def signs_in(self, settings: PostgresSettings, login: Login) -> bool:
        try:
            connect(settings, login).close()
        except psycopg.OperationalError:
            return False
        return True

    def test_ends_with_another_password_that_counts(
        self, rotate: Callable[[str], None], arn: str, postgres_settings: PostgresSettings
    ) -> None:
        for step in STEPS:
            rotate(step)
        now = self.current(arn)
        assert now != ROLE
        assert self.signs_in(postgres_settings, now)
        assert not self.signs_in(postgres_settings, ROLE)

    def test_each_step_may_be_done_again(
        self, rotate: Callable[[str], None], arn: str, postgres_settings: PostgresSettings
    ) -> None:
        """The password that is drawn stays the one that the database was given."""
        for step in STEPS:
            rotate(step)
            rotate(step)
        assert self.signs_in(postgres_settings, self.current(arn))

    def test_until_it_is_set_the_old_one_counts(
        self, rotate: Callable[[str], None], arn: str, postgres_settings: PostgresSettings
    ) -> None:
        rotate("createSecret")
        assert self.current(arn) == ROLE
        assert self.signs_in(postgres_settings, ROLE)

    def test_a_role_that_is_not_there_fails_the_test(self, arn: str, postgres_settings: PostgresSettings) -> None:
        secrets = boto3.client("secretsmanager")
        secrets.put_secret_value(SecretId=arn, SecretString=json.dumps({"username": "nobody", "password": "x"}))
        rotation = LoginRotation(secrets=secrets, arn=arn, open_owner=lambda: connect(postgres_settings, LOGIN))
        rotation.create(VERSION)
        with pytest.raises(LookupError, match="nobody"):
            rotation.test(VERSION)

    def test_no_other_secret_is_touched(self, arn: str, postgres_settings: PostgresSettings) -> None:
        secrets = boto3.client("secretsmanager")
        rotation = LoginRotation(secrets=secrets, arn=arn, open_owner=lambda: connect(postgres_settings, LOGIN))
        with pytest.raises(ValueError, match="not the secret"):
            build(rotation, arn)({"Step": "setSecret", "SecretId": "arn:other", "ClientRequestToken": VERSION}, None)
