"""Puts `signal` together."""

from natter.adapters.connections_valkey import ValkeyConnections
from natter.bootstrap.common import now_ms, valkey
from natter.settings import SignalSettings
from natter.usecases.ping import Ping


def ping(settings: SignalSettings) -> Ping:
    return Ping(connections=ValkeyConnections(valkey(settings.valkey), now_ms), now_ms=now_ms)
