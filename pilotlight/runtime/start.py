"""The main script of the lean client: `python start.py <the managed runtime's own command line>`.

It leaves `sys.argv`, `sys.path` and the variables as Lambda's own bootstrap does (its bootstrap.py, as published in
AWS's base images), then runs the handler. It is small because Python compiles it at each start.
"""

import os
import sys


def _main() -> None:
    command = sys.argv[1:]
    sys.argv[:] = command[1:]
    own_wrapper = os.environ.pop("AWS_LAMBDA_EXEC_WRAPPER", None)
    sys.path[0] = os.path.dirname(command[1])
    python_path = os.environ.get("PYTHONPATH")
    try:
        path = sys.path[:]
        _set_paths()
        from pilotlight.runtime import modules

        sys.meta_path.insert(0, modules.RuntimeModules(path))
        from pilotlight.runtime import loop
    except Exception as error:
        print(f"[WARNING] pilotlight: Lambda's own runtime client runs, not the lean one: {error!r}", file=sys.stderr)
        if own_wrapper is not None:
            os.environ["AWS_LAMBDA_EXEC_WRAPPER"] = own_wrapper
        if python_path is None:
            os.environ.pop("PYTHONPATH", None)
        os.execv(command[0], command)
    loop.main(os.environ["_HANDLER"], os.environ["AWS_LAMBDA_RUNTIME_API"])


def _set_paths() -> None:
    layers = [f"/opt/python/lib/python3.{sys.version_info[1]}/site-packages", "/opt/python"]
    if "PYTHONPATH" not in os.environ:
        site_packages = f"/var/lang/lib/python3.{sys.version_info[1]}/site-packages"
        sys.path[:0] = [*layers, site_packages]
        # `site.addsitedir` appends what is not there; the wrapper has seen that there are no .pth files.
        sys.path += [layer for layer in layers if not os.path.exists(layer)]
        os.environ["PYTHONPATH"] = os.environ["LAMBDA_RUNTIME_DIR"]
    sys.path.insert(0, os.environ["LAMBDA_TASK_ROOT"])


if __name__ == "__main__":
    _main()
