"""A bill of materials of what the package ships: CycloneDX 1.6 as JSON, the same for the same package."""

import hashlib
import json
import uuid
from collections.abc import Container, Iterable, Mapping, Sequence
from dataclasses import dataclass
from email.message import Message
from pathlib import Path
from typing import Any

from pilotlight_build.installed import distributions
from pilotlight_build.runtime_modules import normalised

_HASHED = "what `sha256sum` prints for its files in the package, by name"
_UNKNOWN = ("", "UNKNOWN")
_LONGEST_NAME = 100
"""Older metadata may have the licence's whole text in the field of its name."""


@dataclass(frozen=True)
class Package:
    """The zip's digest, and the build that its functions tell."""

    sha256: str
    build: str


@dataclass(frozen=True)
class Part:
    """A distribution: its name, version and licences, and its files by their paths in the zip."""

    name: str
    version: str
    licences: Sequence[Mapping[str, Any]]
    files: Sequence[str]


def parts(folder: Path, shipped: Container[str]) -> list[Part]:
    """The distributions installed in `folder` of which something is shipped."""
    found = []
    for each in distributions(folder):
        files = sorted({name for name in each.files if name in shipped})
        if files:
            found.append(Part(each.name, each.version, _licences(each.metadata), files))
    return sorted(found, key=lambda part: normalised(part.name))


def write(file: Path, package: Package, parts: Iterable[Part], digests: Mapping[str, str]) -> None:
    """Write the bill of a package whose files have these SHA-256; what has none of them is not a component."""
    components = [_component(part, digests) for part in parts if any(name in digests for name in part.files)]
    bill = {
        "$schema": "http://cyclonedx.org/schema/bom-1.6.schema.json",
        "bomFormat": "CycloneDX",
        "specVersion": "1.6",
        "serialNumber": f"urn:uuid:{uuid.UUID(package.sha256[:32], version=4)}",
        "version": 1,
        "metadata": {
            "component": {
                "type": "application",
                "bom-ref": "package",
                "name": "package",
                "version": package.build,
                "hashes": [{"alg": "SHA-256", "content": package.sha256}],
            },
        },
        "components": components,
        "dependencies": [{"ref": "package", "dependsOn": [each["bom-ref"] for each in components]}],
    }
    file.write_text(json.dumps(bill, indent=2) + "\n", encoding="utf-8")


def _component(part: Part, digests: Mapping[str, str]) -> dict[str, Any]:
    purl = f"pkg:pypi/{normalised(part.name)}@{part.version}"
    lines = "".join(f"{digests[name]}  {name}\n" for name in part.files if name in digests)
    component = {
        "type": "library",
        "bom-ref": purl,
        "name": part.name,
        "version": part.version,
        "hashes": [{"alg": "SHA-256", "content": hashlib.sha256(lines.encode()).hexdigest()}],
        "licenses": list(part.licences),
        "purl": purl,
        "properties": [{"name": "pilotlight:hashOf", "value": _HASHED}],
    }
    return {key: value for key, value in component.items() if value}


def _licences(metadata: Message) -> list[dict[str, Any]]:
    """As the metadata says: an SPDX expression, a name, or the trove classifiers."""
    if expression := metadata["License-Expression"]:
        return [{"expression": str(expression)}]
    name = str(metadata["License"] or "").strip()
    if name not in _UNKNOWN and len(name) <= _LONGEST_NAME and "\n" not in name:
        return [{"license": {"name": name}}]
    classifiers = [each for each in metadata.get_all("Classifier") or [] if each.startswith("License :: ")]
    names = sorted({each.rpartition(" :: ")[2] for each in classifiers} - {"OSI Approved"})
    return [{"license": {"name": each}} for each in names]
