"""Processes and sockets of this machine, for tests that nothing is left: POSIX `ps`, and Linux's /proc for sockets."""

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
