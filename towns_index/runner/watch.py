"""While a notebook runs, no file of the project may be opened that its stage does not declare.

The files of the results are not there at all (:mod:`.workspace`); definitions, notebooks and what was published
before are, and are guarded by an audit hook of Python, which sees every ``open``.
"""

import os
import sys
from collections.abc import Iterable
from contextlib import contextmanager
from pathlib import Path

from .stages import PROJECT_FOLDERS, RUN_FOLDERS, Stage, covers
from .workspace import Run

GUARDED = (*PROJECT_FOLDERS, *RUN_FOLDERS)
SAYS = "does not declare it in definitions/stages.toml"


class Undeclared(Exception):
    """A stage opened a file of the project that it does not declare."""


_guard: tuple[str, str, tuple[str, ...]] | None = None
_hooked = False


def start(root: str, stage: str, allowed: Iterable[str]) -> None:
    """Guard the project's files from now on.

    Parameters
    ----------
    root : str
        The project's folder.
    stage : str
        Name of the stage, for the message.
    allowed : iterable of str
        Paths from the project's folder that may be read; those that end in ``/`` with all below them.
    """
    global _guard, _hooked
    _guard = (os.path.join(os.path.abspath(root), ""), stage, tuple(allowed))
    if not _hooked:
        sys.addaudithook(_hook)
        _hooked = True


def stop() -> None:
    """Guard nothing any more; a hook cannot be taken away."""
    global _guard
    _guard = None


@contextmanager
def watching(stage: Stage, run: Run):
    """Guard the project's files during a ``with`` block."""
    start(str(run.root), stage.name, allowed(stage, run))
    try:
        yield
    finally:
        stop()


def allowed(stage: Stage, run: Run) -> list[str]:
    """Return the paths of the project that a stage may read where they lie."""
    paths = [path for path in stage.inputs if path.split("/")[0] in PROJECT_FOLDERS]
    if stage.raw and run.raw.is_relative_to(run.root):
        paths.append(f"{run.raw.relative_to(run.root).as_posix()}/")
    return paths


def startup_file(stage: Stage, run: Run) -> str:
    """Return the program that a kernel runs before the first cell."""
    arguments = f"{str(run.root)!r}, {stage.name!r}, {allowed(stage, run)!r}"
    return f"import towns_index.runner.watch\ntowns_index.runner.watch.start({arguments})\ndel towns_index\n"


def write_startup_file(stage: Stage, run: Run, ipython: Path) -> None:
    """Put the program where IPython looks for it."""
    folder = ipython / "profile_default" / "startup"
    folder.mkdir(parents=True)
    (folder / "00-watch.py").write_text(startup_file(stage, run), encoding="utf-8")


def _hook(event: str, arguments: tuple) -> None:
    if _guard is None or event != "open" or not isinstance(arguments[0], str | bytes | os.PathLike):
        return
    root, stage, permitted = _guard
    path = os.path.abspath(os.fsdecode(arguments[0]))
    if not path.startswith(root):
        return
    path = path[len(root) :].replace(os.sep, "/")
    if path.split("/")[0] not in GUARDED:
        return
    writes = bool(arguments[2] & (os.O_WRONLY | os.O_RDWR)) if isinstance(arguments[2], int) else False
    if writes or not any(covers(declared, path) for declared in permitted):
        raise Undeclared(f"{stage} {'writes' if writes else 'reads'} {path} and {SAYS}")
