"""The Internet sockets of processes, of every protocol and in every state: Linux's /proc knows them all."""

import contextlib
import socket
import struct
from pathlib import Path

from tests.support.processes import children_of


def bound_addresses(ancestor: int) -> set[tuple[str, str]]:
    """Return the protocol and the local address of each bound Internet socket of `ancestor` and its descendants."""
    inodes = _sockets_of({ancestor, *children_of(ancestor)})
    found = set()
    for protocol in ("tcp", "tcp6", "udp", "udp6", "raw", "raw6", "udplite", "udplite6"):
        table = Path(f"/proc/net/{protocol}")
        for line in table.read_text().splitlines()[1:] if table.exists() else ():
            fields = line.split()
            if fields[9] in inodes:
                found.add((protocol, _address(fields[1].split(":")[0])))
    return found


def _sockets_of(processes: set[int]) -> set[str]:
    """The inodes of the sockets that these processes have open."""
    inodes = set()
    for process in processes:
        with contextlib.suppress(FileNotFoundError):  # it ended, or closed it
            for entry in Path(f"/proc/{process}/fd").iterdir():
                with contextlib.suppress(FileNotFoundError):
                    inodes.add(str(entry.readlink()).removeprefix("socket:[").removesuffix("]"))
    return inodes


def _address(hexadecimal: str) -> str:
    """An address of /proc/net: words of 32 bits in the machine's byte order."""
    words = [struct.pack("=I", int(hexadecimal[index : index + 8], 16)) for index in range(0, len(hexadecimal), 8)]
    family = socket.AF_INET if len(words) == 1 else socket.AF_INET6
    return socket.inet_ntop(family, b"".join(words))
