"""Which files of a service change, told by the operating system (the library `watchfiles`)."""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

from watchfiles import Change, DefaultFilter, watch

_STEP_MS = 50
"""How long it must be silent before what changed is told: an editor writes, renames and removes in one go."""


class ProjectWatcher:
    """A watcher of the files in `project`, from `start` to `stop`, in threads of its own.

    `changed` gets paths relative to the project, of files that were made, changed or removed; `failed` the reason where
    the operating system refuses to watch. Both are called in these threads. Folders that only programs write, such as
    node_modules, are not watched at all: a system limits how many folders may be.
    """

    def __init__(
        self, project: Path, changed: Callable[[set[str]], object], failed: Callable[[str], object] = lambda _: None
    ) -> None:
        self._project = project.resolve()
        self._changed = changed
        self._failed = failed
        self._filter = DefaultFilter()
        self._stopped = threading.Event()
        self._other_folders = threading.Event()
        self._threads = [
            threading.Thread(target=self._guarded, args=(each,), name="watcher", daemon=True)
            for each in (self._watch_top, self._watch_folders)
        ]

    def start(self) -> None:
        for thread in self._threads:
            thread.start()

    def stop(self) -> None:
        self._stopped.set()
        self._other_folders.set()
        for thread in self._threads:
            thread.join(10)

    def _guarded(self, watching: Callable[[], None]) -> None:
        try:
            watching()
        except (OSError, RuntimeError) as error:
            self._failed(str(error))

    def _watch_top(self) -> None:
        """The project's folder without those in it, and which those are."""
        folders = self._folders()
        for paths in self._changes([self._project], self._stopped, recursive=False):
            if self._folders() != folders:
                folders = self._folders()
                self._other_folders.set()
            self._changed(self._files_of(paths))

    def _watch_folders(self) -> None:
        while True:
            self._other_folders.clear()
            if self._stopped.is_set():
                return
            folders = self._folders()
            if not folders:
                self._other_folders.wait()
                continue
            with contextlib.suppress(FileNotFoundError):  # one of them has just been removed
                for paths in self._changes(folders, self._other_folders, recursive=True):
                    self._changed(self._files_of(paths))

    def _changes(self, folders: list[Path], until: threading.Event, *, recursive: bool) -> Iterator[set[str]]:
        changes = watch(
            *folders,
            watch_filter=self._is_wanted,
            stop_event=until,
            step=_STEP_MS,
            debounce=10 * _STEP_MS,
            recursive=recursive,
            raise_interrupt=False,
            ignore_permission_denied=True,
        )
        for found in changes:
            yield {self._relative(path) for _, path in found}

    def _files_of(self, paths: set[str]) -> set[str]:
        """The files: those of a new folder may have been written before it is watched."""
        folders = {path for path in paths if (self._project / path).is_dir()}
        return (paths - folders) | {each for folder in folders for each in self._files_in(folder)}

    def _folders(self) -> list[Path]:
        return sorted(each for each in self._project.iterdir() if self._is_watched(each))

    def _is_watched(self, folder: Path) -> bool:
        return folder.is_dir() and not folder.name.startswith(".") and self._is_wanted(Change.added, str(folder))

    def _is_wanted(self, change: Change, path: str) -> bool:
        return self._filter(change, self._relative(path))

    def _relative(self, path: str) -> str:
        return Path(path).relative_to(self._project).as_posix()

    def _files_in(self, folder: str) -> list[str]:
        if not self._is_watched(self._project / folder):
            return []
        files = (path for path in (self._project / folder).rglob("*") if path.is_file())
        return [each for each in map(self._relative, map(str, files)) if self._filter(Change.added, each)]
