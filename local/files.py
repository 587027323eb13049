"""How many files, sockets among them, a process may have open."""

import resource

MACOS_MOST = 10_240
"""What macOS takes where it says that there is no limit."""


def raise_limit() -> int:
    """
    As many as the machine lets this process have; children inherit it. A gateway holds a socket for each client, and
    what is usual (1,024, macOS: 256) is soon used up. Returns how many.
    """
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    for wanted in (hard, MACOS_MOST):
        if soft != resource.RLIM_INFINITY and (wanted == resource.RLIM_INFINITY or wanted > soft):
            try:
                resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))
            except ValueError:
                continue
            return wanted
    return soft
