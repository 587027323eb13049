"""The core: what a client has to do, without sockets, clock or disk. Its rules are those of clients/core-vectors."""
