"""Where the results of a build wait until they are published, all at once.

Each stage that has ended well puts its outputs and its record under ``.towns-index/staged``; later stages read
them there. At the end of the build a mark is set and everything is moved to its place, on the same disk, one
rename a file. A build that failed, or was killed before the mark, has published nothing, and the next build goes
on from the stages that were done; one killed after it is completed by the next run. A lock keeps a second build
out of the folder.
"""

import filecmp
import json
import os
import shutil
from collections.abc import Iterable
from pathlib import Path

from towns_index import files

from .digests import Digests
from .problems import Problems
from .stages import Stage
from .workspace import Run, files_below

MANIFEST = "reports/SHA256SUMS"


def lock(run: Run):
    """Keep other builds out of the results' folder until the lock is released or this process ends.

    Raises
    ------
    Problems
        If another build is at work there, or the folder cannot be written.
    """
    from filelock import FileLock, Timeout  # not in the standard library, which has to do for the front door

    try:
        run.state.mkdir(parents=True, exist_ok=True)
        held = FileLock(run.state / "lock", timeout=0)
        held.acquire()
    except Timeout:
        raise Problems(
            [f"another build is at work in {run.out}; wait until it has ended, or choose another folder with --out DIR"]
        ) from None
    except OSError as error:
        raise Problems([f"{run.state} cannot be written: {error}; check the free space and the right to write"]) from None
    return held


def recover(run: Run, stages: Iterable[Stage], digests: Digests) -> str:
    """Put in order what a build that was killed has left; return what was done, in words."""
    shutil.rmtree(run.works, ignore_errors=True)
    if run.mark.exists():
        publish(run, stages, digests)
        return "A build was stopped while it published its results; they have now been published completely."
    done = sorted(run.staged_records.glob("*.json"))
    kept = {path for record in done for path in json.loads(record.read_text(encoding="utf-8"))["outputs"]}
    for file in files_below(run.staged) if run.staged.exists() else ():
        if file.relative_to(run.staged).as_posix() not in kept:
            file.unlink()  # of a stage that had not ended
    if not done:
        return ""
    return f"Going on from a build that did not come to its end: {len(done)} of its stages had been done."


def take(stage: Stage, run: Run, out: Path, record: dict) -> None:
    """Move the outputs of a stage from the folder in which it worked to the staged ones, then write its record."""
    marked = run.staged_records / f"{stage.name}.json"
    marked.unlink(missing_ok=True)
    for path in stage.writes:
        staged = run.staged / path
        shutil.rmtree(staged) if staged.is_dir() else staged.unlink(missing_ok=True)
    for path in record["outputs"]:
        (run.staged / path).parent.mkdir(parents=True, exist_ok=True)
        os.replace(out / path, run.staged / path)
    files.write_text(_json(record), marked)


def publish(run: Run, stages: Iterable[Stage], digests: Digests) -> list[str]:
    """Move all that is staged to where readers find it; return the paths that changed.

    What it does can be done again after a kill at any point, with the same result.
    """
    stages = list(stages)
    done = [stage for stage in stages if (run.staged_records / f"{stage.name}.json").is_file()]
    if not done and not run.mark.exists():
        return []
    files.write_text("Results are being published. The next run goes on with it.\n", run.mark)
    changed = []
    for stage in done:
        staged_record = run.staged_records / f"{stage.name}.json"
        record = json.loads(staged_record.read_text(encoding="utf-8"))
        changed += [path for path in record["outputs"] if _move(run, path)]
        changed += _remove_others(stage, run, record["outputs"])
        run.records.mkdir(parents=True, exist_ok=True)
        os.replace(staged_record, run.records / staged_record.name)
    # Drafted elsewhere, so that a kill leaves no draft among the results.
    (run.out / MANIFEST).parent.mkdir(parents=True, exist_ok=True)
    os.replace(files.write_text(manifest(run, stages, digests), run.state / "manifest"), run.out / MANIFEST)
    shutil.rmtree(run.staged.parent, ignore_errors=True)
    run.mark.unlink()
    return changed


def _move(run: Run, path: str) -> bool:
    """Move one staged file to its place; leave an equal one alone. Return whether it changed."""
    staged, published = run.staged / path, run.out / path
    if not staged.exists():
        return False  # moved before a kill
    if published.is_file() and filecmp.cmp(staged, published, shallow=False):
        return False
    published.parent.mkdir(parents=True, exist_ok=True)
    os.replace(staged, published)
    return True


def _remove_others(stage: Stage, run: Run, outputs: Iterable[str]) -> list[str]:
    """Remove from the folders that belong to a stage what it no longer writes."""
    removed = []
    for folder in (run.out / path for path in stage.outputs if path.endswith("/")):
        for file in files_below(folder) if folder.is_dir() else ():
            path = file.relative_to(run.out).as_posix()
            if path not in outputs:
                file.unlink()
                removed.append(path)
    return removed


def manifest(run: Run, stages: Iterable[Stage], digests: Digests) -> str:
    """Return the digest of every published file, as ``sha256sum --check`` reads it."""
    found = {
        file.relative_to(run.out).as_posix(): digests.of(file)
        for stage in stages
        for path in stage.writes
        if (run.out / path).exists()
        for file in files_below(run.out / path)
    }
    return "".join(f"{digest}  {path}\n" for path, digest in sorted(found.items()))


def _json(value: dict) -> str:
    return json.dumps(value, indent=1, ensure_ascii=False) + "\n"
