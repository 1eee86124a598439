"""Forbid and write down every attempt to reach a network.  Copied into a tested repository's `src/sitecustomize.py`.

Python imports `sitecustomize` at the start of every process, so the hook stands in stages and in their workers.  It
sees what goes through Python's own sockets, which is how requests, urllib, huggingface_hub and aiohttp get out.
"""

import os
import socket
import sys

#: Events of the standard library's audit table that ask a name server or send something somewhere.
ASKING = {"socket.getaddrinfo", "socket.gethostbyname", "socket.gethostbyaddr", "socket.getnameinfo"}
SENDING = {"socket.connect", "socket.sendto", "socket.sendmsg"}


def _refuse(event: str, args: tuple) -> None:
    if event not in ASKING | SENDING:
        return
    if event in SENDING and args[0].family not in (socket.AF_INET, socket.AF_INET6):
        return
    target = args[0] if event in ASKING else args[1]
    with open(os.environ["AVER_NETWORK_LOG"], "a", encoding="utf-8") as log:  # noqa: PTH123  the start of every process
        log.write(f"{event} {target} from {sys.argv}\n")
    raise OSError(101, "Network is unreachable (forbidden by a test)")


if "AVER_NETWORK_LOG" in os.environ:
    sys.addaudithook(_refuse)
