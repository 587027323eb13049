"""Towards RDS Proxy the server has to show a certificate for its name."""

import ssl
from pathlib import Path
from types import SimpleNamespace

import pytest

from natter.adapters.postgres.client import authorities
from tests.libpq import told


def test_by_default_name_and_authority_are_verified(monkeypatch: pytest.MonkeyPatch) -> None:
    parameters = told(monkeypatch)
    assert (parameters["sslmode"], parameters["host"]) == ("verify-full", "proxy.example")
    assert parameters["sslrootcert"] == authorities()


def test_the_authorities_are_those_that_this_python_trusts() -> None:
    assert Path(authorities()).name in {"cert.pem", "ca-certificates.crt", "ca-bundle.crt", "tls-ca-bundle.pem"}


def test_they_are_named_even_where_there_are_none_so_that_nothing_is_trusted_instead(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    none = SimpleNamespace(cafile=None, openssl_cafile="/nowhere/cert.pem")
    monkeypatch.setattr(ssl, "get_default_verify_paths", lambda: none)
    assert authorities() == "/nowhere/cert.pem"


def test_others_may_be_named(monkeypatch: pytest.MonkeyPatch) -> None:
    assert told(monkeypatch, ca_file="/own/ca.pem")["sslrootcert"] == "/own/ca.pem"


def test_nothing_is_encrypted_where_it_is_off(monkeypatch: pytest.MonkeyPatch) -> None:
    assert told(monkeypatch, tls="off")["sslmode"] == "disable"
