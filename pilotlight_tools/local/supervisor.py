"""Run one command and leave none of its processes behind: `python supervisor.py FOLDER COMMAND...`.

The command gets a process group of its own. When standard input ends (the parent closed it, or died, even by
SIGKILL), the whole group is killed and FOLDER removed. When the command ends by itself, the rest of its group is
killed, FOLDER stays for the parent to read, and this program ends with the command's exit code.

If this program itself is killed, the command can tell: the pipe whose descriptor is in PILOTLIGHT_LIFELINE ends.

It is started by path and imports only the standard library, so that it starts in a few milliseconds.
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
    """Run `command` until it ends or standard input ends; return the exit code."""
    lifeline, _held = os.pipe()  # held by this process alone, until it ends
    child = subprocess.Popen(
        command,
        stdin=subprocess.DEVNULL,
        process_group=0,
        pass_fds=(lifeline,),
        env={**os.environ, "PILOTLIGHT_LIFELINE": str(lifeline)},
    )
    os.close(lifeline)
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
    """SIGKILL every process of the group: none keeps state that needs a slower shutdown."""
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(process_group, signal.SIGKILL)


def _remove(folder: str) -> None:
    """Remove `folder`; try again while a dying process of the group still writes into it."""
    for _ in range(20):
        shutil.rmtree(folder, ignore_errors=True)
        if not os.path.lexists(folder):
            return
        time.sleep(0.05)


if __name__ == "__main__":
    # The parent handles a terminal's Ctrl-C and a service manager's SIGTERM; this program ends with the parent.
    for signal_number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGQUIT):
        signal.signal(signal_number, signal.SIG_IGN)
    sys.exit(supervise(sys.argv[1], sys.argv[2:]))
