"""Runs one command so that nothing of it can survive: `python supervisor.py FOLDER COMMAND...`.

The command gets a process group of its own. When standard input ends (the parent closed it, or died in whatever way,
even by SIGKILL) the whole group is killed and FOLDER removed. When the command ends by itself, what is left of its
group is killed, FOLDER stays for the parent to read, and the command's exit code becomes this program's.

Started by path, with nothing but the standard library, so that it costs a few milliseconds.
"""

import contextlib
import os
import shutil
import signal
import subprocess
import sys
import threading
import time


def supervise(folder: str, command: list[str]) -> int:
    """Run `command` until it ends or standard input does; return the exit code to give."""
    child = subprocess.Popen(command, stdin=subprocess.DEVNULL, process_group=0)
    parent_left = threading.Event()

    def watch_parent() -> None:
        while os.read(0, 4096):
            pass
        parent_left.set()
        _kill_group(child.pid)

    threading.Thread(target=watch_parent, daemon=True).start()
    exit_code = child.wait()
    _kill_group(child.pid)
    if parent_left.is_set():
        _remove(folder)
        return 0
    return exit_code if exit_code >= 0 else 128 - exit_code


def _kill_group(process_group: int) -> None:
    """SIGKILL every process of the group: what runs here keeps no state that would be worth a slower goodbye."""
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(process_group, signal.SIGKILL)


def _remove(folder: str) -> None:
    """Remove `folder`, again if a dying process of the group was still writing into it."""
    for _ in range(20):
        shutil.rmtree(folder, ignore_errors=True)
        if not os.path.lexists(folder):
            return
        time.sleep(0.05)


if __name__ == "__main__":
    # A terminal's Ctrl-C and a service manager's SIGTERM are for the parent to handle; its end ends us.
    for signal_number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(signal_number, signal.SIG_IGN)
    sys.exit(supervise(sys.argv[1], sys.argv[2:]))
