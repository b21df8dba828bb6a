"""How much of the code the tests ran, with a line for each room."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

from coverage import Coverage

_NOTE = (
    "Only what the fast tests ran in their own process: functions in the engine and commands run as programs are not "
    "counted."
)


def coverage_table(project: Path) -> str:
    """Return the share of statements run in each room, from the data of `coverage run`."""
    coverage = Coverage(config_file=str(project / "pyproject.toml"))
    coverage.load()
    statements: Counter[str] = Counter()
    missed: Counter[str] = Counter()
    for file in coverage.get_data().measured_files():
        room = _room(Path(file).relative_to(project))
        _, executable, _, not_run, _ = coverage.analysis2(file)
        for name in (room, "in all"):
            statements[name] += len(executable)
            missed[name] += len(not_run)
    rooms = [*sorted(statements.keys() - {"in all"}), "in all"]
    rows = [f"  {room:32} {statements[room]:6} {_share(statements[room], missed[room]):>6}" for room in rooms]
    return "\n".join([f"== coverage {'statements':>30} {'run':>6}", *rows, f"  {_NOTE}"])


def _room(path: Path) -> str:
    return path.parent.as_posix()


def _share(statements: int, missed: int) -> str:
    return f"{1 - missed / statements:.0%}" if statements else "100%"
