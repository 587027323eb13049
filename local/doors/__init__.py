"""
What stands between the app's functions and the engines in the secured mode: each door is to its clients what AWS puts
in front of that engine. The engines themselves know nothing of it.
"""

from .access import Access
from .cassandra import CassandraDoor
from .door import Door
from .doors import Doors
from .gate import Gate
from .identities import Identities, Identity
from .kafka import KafkaDoor
from .postgres import PostgresDoor
from .valkey import CacheUser, ValkeyDoor

__all__ = [
    "Access",
    "CacheUser",
    "CassandraDoor",
    "Door",
    "Doors",
    "Gate",
    "Identities",
    "Identity",
    "KafkaDoor",
    "PostgresDoor",
    "ValkeyDoor",
]
