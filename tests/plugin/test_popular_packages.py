"""Twelve popular packages, for both architectures: imported from the unpacked zip where this machine can run it.

`npm test` packages a few of them; with PILOTLIGHT_ALL_PACKAGES=1 all twelve, at first 200 MB of downloads.
"""

from __future__ import annotations

import os
import struct
import subprocess
import zipfile
from pathlib import Path
from platform import machine

import pytest

from pilotlight_build.build import Service, Settings, build
from pilotlight_build.bytecode import find_python
from pilotlight_build.platforms import Platform
from tests.support.project import PROJECT

FEW = {
    "docopt": ["docopt"],
    "lxml": ["lxml.etree", "lxml.html"],
    "orjson": ["orjson"],
    "pydantic": ["pydantic", "pydantic.networks"],
    "requests": ["requests"],
}
MORE = {
    "aws-lambda-powertools": ["aws_lambda_powertools", "aws_lambda_powertools.event_handler"],
    "cryptography": ["cryptography.fernet", "cryptography.x509"],
    "django": ["django.conf", "django.db.models", "django.test"],
    "pillow": ["PIL.Image", "PIL.ImageFont"],
    "psycopg2-binary": ["psycopg2"],
    "sqlalchemy": ["sqlalchemy", "sqlalchemy.orm"],
}
LARGE = {"scikit-image": ["skimage", "skimage.filters", "skimage.feature", "skimage.data"]}
"""With the others, more than Lambda takes."""
USES_OF_FEW = """
import docopt, orjson, pydantic, requests, lxml.etree
assert docopt.docopt("Usage: it [--fast]", ["--fast"]) == {"--fast": True}
assert orjson.loads(orjson.dumps({"a": 1})) == {"a": 1}
assert pydantic.create_model("A", b=(int, ...))(b="1").b == 1
assert lxml.etree.fromstring("<a/>").tag == "a"
"""
USES_OF_MORE = """
import io, django.conf, sqlalchemy, PIL.Image
from cryptography.fernet import Fernet
assert Fernet(key := Fernet.generate_key()).decrypt(Fernet(key).encrypt(b"1")) == b"1"
assert sqlalchemy.create_engine("sqlite://").connect().scalar(sqlalchemy.text("select 1")) == 1
PIL.Image.new("RGB", (1, 1)).save(io.BytesIO(), "JPEG")
django.conf.settings.configure()
"""
USES_OF_LARGE = """
import numpy, skimage.filters
assert skimage.filters.gaussian(numpy.eye(8)).shape == (8, 8)
"""
only_if_all = pytest.mark.skipif(
    os.environ.get("PILOTLIGHT_ALL_PACKAGES") != "1", reason="PILOTLIGHT_ALL_PACKAGES=1 downloads 200 MB for it"
)
VERSIONS = PROJECT / "tests" / "plugin" / "popular-packages.txt"
MACHINES = {"aarch64": 183, "x86_64": 62}
"""`e_machine` in the header of an ELF file (System V ABI)."""


@pytest.mark.slow
@pytest.mark.timeout(900)
@pytest.mark.parametrize("architecture", ["arm64", "x86_64"])
@pytest.mark.parametrize(
    ("modules", "uses"),
    [
        pytest.param(FEW, USES_OF_FEW, id="few"),
        pytest.param(MORE, USES_OF_MORE, id="more", marks=only_if_all),
        pytest.param(LARGE, USES_OF_LARGE, id="large", marks=only_if_all),
    ],
)
def test_popular_packages_run_from_the_zip(
    tmp_path: Path, architecture: str, modules: dict[str, list[str]], uses: str
) -> None:
    platform = Platform.lambda_runtime("python3.13", architecture)
    (tmp_path / "app.py").write_text("def handler(event, context): return 1\n")
    (tmp_path / "requirements.txt").write_text("\n".join([f"-c {VERSIONS}", *modules]))
    cache = PROJECT / "node_modules" / ".cache" / "popular" / min(modules)  # nothing is installed twice
    settings = Settings(ships_boto3=True)  # requests needs urllib3, which Lambda has and the interpreter below lacks
    built = build(Service(tmp_path, ["app.py"], ["app.handler"]), platform, tmp_path / "a.zip", cache, settings)
    with zipfile.ZipFile(built.artifact) as archive:
        archive.extractall(tmp_path / "task")
    check_machines(tmp_path / "task", MACHINES[platform.machine or ""])
    if (python := find_python(platform.python)) and platform.machine == {"arm64": "aarch64"}.get(machine(), machine()):
        names = [name for each in modules.values() for name in each]
        code = f"import {', '.join(names)}\n{uses}"
        done = subprocess.run(
            [python.path, "-S", "-c", code], cwd=tmp_path / "task", capture_output=True, text=True, check=False
        )
        assert done.returncode == 0, done.stderr


def check_machines(folder: Path, wanted: int) -> None:
    """All that is compiled is for the platform, and something is."""
    found = set()
    for path in folder.rglob("*.so*"):
        content = path.read_bytes()[:20]
        if content[:4] == b"\x7fELF":
            found.add(struct.unpack_from("<H", content, 18)[0])
    assert found == {wanted}
