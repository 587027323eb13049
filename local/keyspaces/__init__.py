"""
What Amazon Keyspaces refuses is refused here too, though Cassandra would do it.

`cql` reads statements, `rules` judges them, `driver` stands in front of the sessions of `cassandra-driver`. It also
runs in the workers, beside other people's code: it imports the standard library and itself, nothing else.
"""

from .cql import read
from .driver import VARIABLE, Guard, decode, encode
from .rules import Refusal, Switches, Tables, refusal_of_text

__all__ = ["VARIABLE", "Guard", "Refusal", "Switches", "Tables", "decode", "encode", "read", "refusal_of_text"]
