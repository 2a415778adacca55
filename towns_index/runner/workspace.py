"""The folder in which a stage works, and how its files get there and out again.

A stage works in a folder of its own that holds copies of its declared inputs and nothing else. What it
reads without declaring it is therefore not there, what it writes without declaring it is found, and what
was published before stays as it is until the stage has ended well.
"""

import filecmp
import os
import shutil
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from .stages import PROJECT_FOLDERS, Stage, covers, place

STATE = ".towns-index"


@dataclass(frozen=True)
class Run:
    """Where a build reads and writes, and with which parameters.

    Attributes
    ----------
    root : Path
        The project: notebooks, definitions, package.
    out : Path
        The folder that receives ``data/processed`` and ``reports``.
    raw : Path
        The raw files.
    start : {"raw", "snapshot"}
    parameters : dict
        A value for every parameter of the project.
    """

    root: Path
    out: Path
    raw: Path
    start: str
    parameters: Mapping[str, Any] = field(default_factory=dict)

    @property
    def work(self) -> Path:
        """Folder in which the stages of this build work; on the disk of `out`, so that files can be moved."""
        return self.out / STATE / "work" / str(os.getpid())

    def failed(self, stage: Stage) -> Path:
        """Where the partly executed notebook of a failed stage is kept."""
        return self.out / STATE / "failed" / f"{stage.name}.ipynb"


@dataclass(frozen=True)
class Failure:
    """Why a stage failed, in plain words."""

    cause: str
    remedy: str
    cell: str = ""
    kept: Path | None = None


class StageFailed(Exception):
    """A stage ended without what it had to do."""

    def __init__(self, failure: Failure):
        self.failure = failure
        super().__init__(failure.cause)


def copy_inputs(stage: Stage, run: Run, out: Path) -> list[str]:
    """Copy what the stage may read from the folder of the run; return the paths."""
    declared = stage.inputs + (stage.outputs if stage.raw and run.start == "snapshot" else ())
    copied = []
    for path in declared:
        source = place(path, run.root, run.out)
        if path.split("/")[0] in PROJECT_FOLDERS or not source.exists():
            continue
        for file in files_below(source):
            relative = file.relative_to(run.out).as_posix()
            (out / relative).parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(file, out / relative)
            copied.append(relative)
    # Notebooks write into folders that are there when they are opened in JupyterLab.
    for path in ("data/processed", "reports/notebooks", "reports/figures"):
        (out / path).mkdir(parents=True, exist_ok=True)
    return copied


def files_below(path: Path) -> Iterator[Path]:
    """Yield `path` if it is a file, else the files in it at any depth, in order."""
    if path.is_file():
        yield path
    else:
        yield from (file for file in sorted(path.rglob("*")) if file.is_file())


def keep(notebook: Path, run: Run, stage: Stage) -> Path:
    """Put the notebook of a failed stage where the reader can look at it."""
    kept = run.failed(stage)
    kept.parent.mkdir(parents=True, exist_ok=True)
    os.replace(notebook, kept)
    return kept


def check_written(stage: Stage, run: Run, out: Path, read: list[str]) -> None:
    """Compare what the stage wrote with what it declares.

    Raises
    ------
    StageFailed
        If a declared output is not there, or a file is there that is not declared, or an input was changed.
    """
    absent = [path for path in stage.writes if not (out / path).exists()]
    faults = [f"{path} is declared as an output and was not written" for path in absent]
    for file in files_below(out):
        path = file.relative_to(out).as_posix()
        if any(covers(declared, path) for declared in stage.writes):
            continue
        if path not in read:
            faults.append(f"{path} was written and is not declared as an output")
        elif not filecmp.cmp(file, run.out / path, shallow=False):
            faults.append(f"{path} is an input and was changed; write the result to a file of its own")
    if faults:
        advice = f"Make the outputs of {stage.name} in definitions/stages.toml say what the notebook writes."
        kept = keep(out / stage.notebook, run, stage)
        raise StageFailed(Failure(shorten("\n".join(faults), ()), advice, kept=kept))


def publish(stage: Stage, out: Path, target: Path) -> None:
    """Move what the stage wrote to where it is read, each file in one step; leave equal files alone."""
    for path in stage.writes:
        source, published = out / path, target / path
        if source.is_dir():
            now = {file.relative_to(source) for file in files_below(source)}
            for file in files_below(published) if published.exists() else ():
                if file.relative_to(published) not in now:
                    file.unlink()
        for file in files_below(source):
            destination = target / file.relative_to(out)
            destination.parent.mkdir(parents=True, exist_ok=True)
            if not (destination.is_file() and filecmp.cmp(file, destination, shallow=False)):
                os.replace(file, destination)


def shorten(cause: str, folders: tuple[str, ...], lines: int = 6, width: int = 200) -> str:
    """Cut a long error to what can be read at a glance."""
    for folder in folders:
        cause = cause.replace(folder + "/", "")
    kept = [line[:width] for line in cause.strip().splitlines() if line.strip()]
    more = [f"... and {len(kept) - lines} lines more in the kept notebook"] if len(kept) > lines else []
    return "\n".join(kept[:lines] + more)
