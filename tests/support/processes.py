"""Processes and sockets of this machine, for tests that nothing is left: POSIX `ps`, and Linux's /proc for sockets."""

import contextlib
import socket
import struct
import subprocess
from pathlib import Path

_LISTENING = "0A"
"""The state of a listening socket in /proc/net/tcp."""


def children_of(ancestor: int) -> set[int]:
    """Return every process below `ancestor`."""
    listing = subprocess.run(["ps", "-Ao", "pid=,ppid="], capture_output=True, text=True, check=True).stdout
    pairs = (line.split() for line in listing.splitlines())
    parents = {int(process): int(parent) for process, parent in pairs}
    below = {ancestor}
    while more := {process for process, parent in parents.items() if parent in below} - below:
        below |= more
    return below - {ancestor}


def processes_with(*texts: str) -> set[int]:
    """Return every process that has all these texts in its command line or its environment variables."""
    listing = subprocess.run(["ps", "axeww", "-o", "pid=,command="], capture_output=True, text=True, check=True).stdout
    lines = (line.split(maxsplit=1) for line in listing.splitlines())
    return {int(process) for process, *command in lines if all(text in "".join(command) for text in texts)}


def is_alive(process: int) -> bool:
    """Whether `process` runs (a zombie does not)."""
    state = subprocess.run(
        ["ps", "-o", "stat=", "-p", str(process)], capture_output=True, text=True, check=False
    ).stdout
    return bool(state.strip()) and not state.startswith("Z")


def listening_addresses(ancestor: int) -> set[tuple[str, int]]:
    """Return the TCP addresses that `ancestor` and its descendants listen on."""
    sockets = set()
    for process in {ancestor, *children_of(ancestor)}:
        for entry in Path(f"/proc/{process}/fd").iterdir():
            try:
                sockets.add(str(entry.readlink()))
            except FileNotFoundError:
                continue
    found = set()
    for line in [
        *Path("/proc/net/tcp").read_text().splitlines()[1:],
        *Path("/proc/net/tcp6").read_text().splitlines()[1:],
    ]:
        fields = line.split()
        if fields[3] == _LISTENING and f"socket:[{fields[9]}]" in sockets:
            address, port = fields[1].split(":")
            packed = struct.pack("<I", int(address, 16)) if len(address) == 8 else b""
            found.add((socket.inet_ntoa(packed) if packed else address, int(port, 16)))
    return found


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
