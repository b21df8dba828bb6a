"""Files in a zip that is kept: their content when it is asked for, and their compressed bytes to copy."""

import io
import struct
import zipfile
import zlib
from collections.abc import Callable, Collection, Iterator, Mapping
from copy import copy
from dataclasses import dataclass

_LOCAL_HEADER = struct.Struct("<26xHH")
"""Of a local file header: the lengths of the name and of the extra field (APPNOTE 4.3.7)."""

_MOST_COMPRESSION = 9


@dataclass(frozen=True)
class Deflated:
    """A file's content, compressed; its size and checksum when it is not."""

    content: bytes
    size: int
    checksum: int


def deflated(content: bytes) -> Deflated:
    """Compress a file as `zipfile` would; other threads can run meanwhile."""
    compressor = zlib.compressobj(_MOST_COMPRESSION, zlib.DEFLATED, -zlib.MAX_WBITS)
    return Deflated(compressor.compress(content) + compressor.flush(), len(content), zlib.crc32(content))


def append(archive: zipfile.ZipFile, entry: zipfile.ZipInfo, file: Deflated) -> None:
    """Append to an archive that is being written what is compressed already, which `zipfile` has no function for."""
    target = archive.fp
    assert target is not None  # noqa: S101 (it is being written)
    target.seek(archive.start_dir)
    entry.header_offset = target.tell()
    entry.compress_type = zipfile.ZIP_DEFLATED
    entry.CRC, entry.file_size, entry.compress_size = file.checksum, file.size, len(file.content)
    target.write(entry.FileHeader(zip64=False))
    target.write(file.content)
    archive.filelist.append(entry)
    archive.NameToInfo[entry.filename] = entry
    archive.start_dir = target.tell()


class Layered(Mapping[str, bytes]):
    """Files of which the first mapping that has a name decides; nothing is read before it is asked for."""

    def __init__(self, *layers: Mapping[str, bytes]) -> None:
        self._layers = layers

    def __getitem__(self, name: str) -> bytes:
        for layer in self._layers:
            if name in layer:
                return layer[name]
        raise KeyError(name)

    def __contains__(self, name: object) -> bool:
        return any(name in layer for layer in self._layers)

    def __iter__(self) -> Iterator[str]:
        return iter(dict.fromkeys(name for layer in self._layers for name in layer))

    def __len__(self) -> int:
        return len(set().union(*self._layers))


class Stored(Mapping[str, bytes]):
    """The files of a zip by name. Reading one uncompresses it; `compressed` does not."""

    def __init__(self, content: bytes, names: Collection[str] | None = None) -> None:
        """`content` is the zip's; `names` are those of its files that count, if not all do."""
        self._content = content
        self._archive = zipfile.ZipFile(io.BytesIO(content))
        entries = self._archive.infolist()
        self._entries = {each.filename: each for each in entries if names is None or each.filename in names}

    def __getitem__(self, name: str) -> bytes:
        return self._archive.read(self._entries[name])

    def __contains__(self, name: object) -> bool:
        return name in self._entries

    def __iter__(self) -> Iterator[str]:
        return iter(self._entries)

    def __len__(self) -> int:
        return len(self._entries)

    def only(self, wanted: Callable[[str], bool]) -> "Stored":
        """Those of the files whose names are wanted."""
        return Stored(self._content, {name for name in self._entries if wanted(name)})

    def sizes(self) -> dict[str, int]:
        """The sizes of the files, uncompressed."""
        return {name: entry.file_size for name, entry in self._entries.items()}

    def compressed(self, name: str) -> tuple[zipfile.ZipInfo, Deflated]:
        """A file as it is compressed here, with its entry, to be appended to another zip."""
        entry = self._entries[name]
        header = self._content[entry.header_offset : entry.header_offset + _LOCAL_HEADER.size]
        start = entry.header_offset + _LOCAL_HEADER.size + sum(_LOCAL_HEADER.unpack(header))
        content = self._content[start : start + entry.compress_size]
        return copy(entry), Deflated(content, entry.file_size, entry.CRC)
