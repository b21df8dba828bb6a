"""The bench measures what was done, and reports what it cannot measure."""

from __future__ import annotations

import json
import os
import shutil
import socket
import subprocess
import sys
import time
import zipfile
from pathlib import Path

import pytest

from bench import cold, cpu_quota, instructions, modes, parts, size, warm
from bench.apps import APPS, BARE, OURS, PEERS, REQUEST, REQUIREMENTS, ROOT, WRAPPED, App
from bench.install import Installed, _our_sources, app_folder, shipped_zip
from bench.spread import Spread
from pilotlight_build.runtime_modules import RUNTIME_FOLDERS
from pilotlight_tools.local.runtime.python import runtime_python
from pilotlight_tools.local.runtime.x_ray_sink import XRaySink

pytestmark = pytest.mark.slow
QUOTA_MISSING = cpu_quota.unavailable()


def test_every_round_is_paired_with_the_bare_handler_and_its_record_is_received() -> None:
    result = cold.run([OURS], ["valid bytecode"], [modes.FULL], runs=2, count=False)
    bare, ours = result["cold_starts"]
    assert (bare["app"], ours["app"]) == ("bare", "pilotlight")
    assert bare["ratio"]["median"] == 1
    assert ours["cold_ms"]["runs"] == 2
    assert 0 < ours["init_ms"]["median"] < ours["cold_ms"]["median"]
    assert json.loads(json.dumps(result)) == result


def test_an_app_that_sends_no_record_is_refused() -> None:
    pretends = App("pretends", "claims to record", BARE.handler, BARE.source, records=True)
    with pytest.raises(RuntimeError, match="sent 0 X-Ray records for one request"):
        cold.run([pretends], ["valid bytecode"], [modes.FULL], runs=1, count=False)


@pytest.mark.skipif(not shutil.which("valgrind"), reason="instructions are counted by valgrind")
def test_instructions_do_not_differ_from_run_to_run() -> None:
    folder = app_folder(BARE, "valid bytecode", runtime_python())
    bare = Installed(BARE, folder, runtime_python(), "127.0.0.1:1")
    first, second = (instructions.count(bare) for _ in range(2))
    assert first == pytest.approx(second, rel=0.001)
    assert first > 10_000_000
    assert instructions.count(bare, requests=3, event=REQUEST) > first


@pytest.mark.skipif(bool(QUOTA_MISSING), reason=QUOTA_MISSING or "there are quotas")
def test_a_quota_gives_a_process_its_share_of_a_cpu_and_no_more() -> None:
    used_up = "import time\nwhile time.process_time() < 0.3: pass"
    with cpu_quota.cpu_quota(round(cpu_quota.MB_PER_VCPU / 5)) as quota:
        began = time.monotonic()
        process = quota.start([sys.executable, "-c", used_up], stdout=subprocess.DEVNULL)
        process.wait()
        assert time.monotonic() - began > 0.3 * 5 * 0.8  # 0.3 s of CPU, a fifth of one at a time
        folder = quota.folder
    assert not folder.exists()


def test_a_machine_without_quotas_leaves_the_modes_out_and_says_why() -> None:
    kept, left_out = modes.measurable(modes.MODES)
    assert modes.FULL in kept
    assert {mode.title for mode in modes.MODES} == {mode.title for mode in kept} | set(left_out)
    assert all(left_out.values())


@pytest.mark.parametrize("app", [OURS, WRAPPED], ids=lambda app: app.name)
def test_pings_and_requests_are_measured_in_the_same_environment(app: App) -> None:
    result = warm.run_pings(1, count=False, app=app)
    assert result["app"] == app.name
    assert result["ping_ms"]["runs"] == result["request_ms"]["runs"] == warm.REQUESTS_PER_RUN
    assert result["first_ping_ms"]["median"] > result["ping_ms"]["median"]


def test_the_parts_are_our_modules_each_without_its_imports() -> None:
    log = (
        "import time: self [us] | cumulative | imported package\n"
        "import time:        90 |         90 | awslambdaric.bootstrap\n"
        "import time:       100 |        100 |     pilotlight\n"
        "import time:       200 |        300 |   pilotlight.entry\n"
        "import time:        50 |        350 | handler\n"
    )
    assert parts.imported_by("handler", log) == {"handler": 0.05, "pilotlight.entry": 0.2, "pilotlight": 0.1}
    with pytest.raises(ValueError, match="no import of nothing"):
        parts.imported_by("nothing", log)


def test_our_package_is_measured_in_megabytes_of_its_zip(tmp_path: Path) -> None:
    (tmp_path / "botocore").mkdir()
    (tmp_path / "botocore" / "data.py").write_bytes(bytes(range(256)) * 4000)
    (tmp_path / "handler.py").write_text("x = 1\n")
    assert size.zipped(tmp_path, leave_out=RUNTIME_FOLDERS) < 300 < size.zipped(tmp_path, leave_out=frozenset())


@pytest.mark.skipif(not (ROOT / "node_modules").exists(), reason="`sls package` needs Node")
def test_our_package_is_made_again_when_any_of_its_files_changes() -> None:
    shipped = shipped_zip()
    assert shipped is not None
    with zipfile.ZipFile(shipped) as archive:
        own = {ROOT / name for name in archive.namelist() if name.endswith(".py") and (ROOT / name).exists()}
    sources = set(_our_sources())
    assert ROOT / "pilotlight" / "warming" / "tick.py" in own
    assert own < sources
    assert {ROOT / "plugin" / "package.cjs", ROOT / "plugin" / "python" / "pilotlight_build" / "package.py"} < sources
    assert not [path for path in sources if path.suffix == ".pyc"], "an import would change the package"


def test_the_spread_has_the_quartiles_and_needs_a_value() -> None:
    assert Spread.of([4, 1, 3, 2, 5]) == Spread(3, 1, 2, 4, 5)
    assert Spread.of([7]).upper_quartile == 7
    with pytest.raises(ValueError, match="nothing was measured"):
        Spread.of([])


def test_the_sink_takes_the_daemons_datagrams_only() -> None:
    with XRaySink() as sink, socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sender:
        host, port = sink.address.split(":")
        assert sink.take() == []
        sender.sendto(b'{"format": "json", "version": 1}\n{"name": "a"}', (host, int(port)))
        assert sink.take(2) == [{"name": "a"}]
        sender.sendto(b'{"format": "xml"}\n{}', (host, int(port)))
        with pytest.raises(ValueError, match="not an X-Ray daemon datagram"):
            sink.take(2)


@pytest.mark.parametrize("app", PEERS, ids=lambda app: app.name)
def test_every_peer_is_pinned_with_hashes_apart_from_the_project(app: App) -> None:
    locked = (REQUIREMENTS / f"{app.requirements}.txt").read_text()
    named = [line for line in locked.splitlines() if "==" in line and not line.startswith(("#", " "))]
    assert named
    assert all(line.endswith("\\") for line in named), "each is followed by its hashes"
    assert "--index-url" not in locked
    assert (ROOT / "bench" / "peers" / app.source).exists()
    assert len({app.name for app in APPS}) == len(APPS)


def test_the_command_line_prints_json_and_refuses_unknown_values() -> None:
    command = [sys.executable, "-m", "bench"]
    variables = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}  # pilotlight_build has its own folder
    done = subprocess.run(
        [*command, "ping", "-n", "1", "--no-instructions", "--json"],
        cwd=ROOT,
        env=variables,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["ratio"]["runs"] == warm.REQUESTS_PER_RUN
    command += ["cold", "--app", "nothing"]
    refused = subprocess.run(command, cwd=ROOT, env=variables, capture_output=True, text=True, check=False)
    assert refused.returncode == 2
    assert "choose from" in refused.stderr
