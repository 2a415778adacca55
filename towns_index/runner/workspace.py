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

from .stages import PROJECT_FOLDERS, Stage, covers, gives_back

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
    raw_files : tuple of str
        Paths below `raw` of the files that a ``raw`` stage may read.
    kernels : {"warm", "ordinary"}
        Kernels forked from a process that has imported the libraries already, or started from nothing.
    """

    root: Path
    out: Path
    raw: Path
    start: str
    parameters: Mapping[str, Any] = field(default_factory=dict)
    raw_files: tuple[str, ...] = ()
    kernels: str = "ordinary"

    @property
    def state(self) -> Path:
        """What the runner keeps for itself; on the disk of `out`, so that files can be moved."""
        return self.out / STATE

    @property
    def works(self) -> Path:
        """Folder in which the stages of any build work."""
        return self.state / "work"

    @property
    def work(self) -> Path:
        """Folder in which the stages of this build work; those of a killed build may still be dying in theirs."""
        return self.works / str(os.getpid())

    @property
    def staged(self) -> Path:
        """Outputs of stages that have ended, before they are published."""
        return self.state / "staged" / "files"

    @property
    def staged_records(self) -> Path:
        """Records of the stages whose outputs are staged."""
        return self.state / "staged" / "records"

    @property
    def records(self) -> Path:
        """Records of the stages whose outputs are published."""
        return self.state / "records"

    @property
    def mark(self) -> Path:
        """The file that is there while results are being published."""
        return self.state / "publishing"

    def base(self, path: str) -> Path:
        """Return the folder in which a file or folder of the results now lies: the staged ones, else `out`."""
        return self.staged if (self.staged / path).exists() else self.out

    def failed(self, stage: Stage) -> Path:
        """Where the partly executed notebook of a failed stage is kept."""
        return self.state / "failed" / f"{stage.name}.ipynb"


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
        base = run.base(path)
        if path.split("/")[0] in PROJECT_FOLDERS or not (base / path).exists():
            continue
        for file in files_below(base / path):
            relative = file.relative_to(base).as_posix()
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


def outputs_of(stage: Stage, run: Run) -> Iterator[tuple[str, Path]]:
    """Yield each file of a stage's results as it now stands: its path from the results' folder, and where it lies."""
    for path in stage.writes:
        base = run.base(path)
        for file in files_below(base / path) if (base / path).exists() else ():
            yield file.relative_to(base).as_posix(), file


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
    if gives_back(stage, run.start):
        given = [path for path in read if any(covers(declared, path) for declared in stage.outputs)]
        changed = [path for path in given if not filecmp.cmp(out / path, run.base(path) / path, shallow=False)]
        faults += [f"{path} was changed, although a start from the snapshot can only show it" for path in changed]
    for file in files_below(out):
        path = file.relative_to(out).as_posix()
        if file.is_symlink():
            faults.append(f"{path} is a link to another file; a result must be a file itself")
            continue
        if any(covers(declared, path) for declared in stage.writes):
            continue
        if path not in read:
            faults.append(f"{path} was written and is not declared as an output")
        elif not filecmp.cmp(file, run.base(path) / path, shallow=False):
            faults.append(f"{path} is an input and was changed; write the result to a file of its own")
    if faults:
        advice = f"Make the outputs of {stage.name} in definitions/stages.toml say what the notebook writes."
        kept = keep(out / stage.notebook, run, stage)
        raise StageFailed(Failure(shorten("\n".join(faults), ()), advice, kept=kept))


def shorten(cause: str, folders: tuple[str, ...], lines: int = 6, width: int = 200) -> str:
    """Cut a long error to what can be read at a glance."""
    for folder in folders:
        cause = cause.replace(folder + "/", "")
    kept = [line[:width] for line in cause.strip().splitlines() if line.strip()]
    more = [f"... and {len(kept) - lines} lines more in the kept notebook"] if len(kept) > lines else []
    return "\n".join(kept[:lines] + more)
