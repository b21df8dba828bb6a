"""`breakpoint()` in a function without a debugger: says so and goes on.

Python's own debugger would read the pipe by which the engine sends events, until the function times out. `debugpy`
puts itself in this one's place (launcher/debugging.py).
"""

from __future__ import annotations

from ministack.core import lambda_runtime

_INIT = "    init = json.loads(sys.stdin.readline())\n"
_HOOK = """\
    def _go_on(*_, **__):
        caller = sys._getframe(1)
        where = os.path.basename(caller.f_code.co_filename) + ", line " + str(caller.f_lineno)
        print("breakpoint() at " + where + ": no debugger here, so the function goes on. Start with --debug, and "
              "attach one; or run it by `sls invoke local` on a terminal")

    sys.breakpointhook = _go_on
"""


def install() -> None:
    """Change the engine's workers. Raises ValueError where they are not as expected."""
    script = lambda_runtime._PYTHON_WORKER_SCRIPT
    if script.count(_INIT) != 1:
        raise ValueError("its Python worker begins in another way")
    lambda_runtime._PYTHON_WORKER_SCRIPT = script.replace(_INIT, _HOOK + _INIT)
