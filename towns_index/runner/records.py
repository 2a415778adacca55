"""Why a stage has to run: what it rested on when it last ran, compared with what is there now.

Everything is compared by contents, never by time. A record is one JSON file a stage; it is written after the
outputs that it describes.
"""

import hashlib
import json
import platform
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from . import dependencies
from .digests import Digests
from .stages import PROJECT_FOLDERS, Stage
from .workspace import Run, files_below, outputs_of

# These modules of the runner shape an executed notebook.
SHAPING = ("towns_index.runner.execute", "towns_index.runner.canonical")


@dataclass(frozen=True)
class Reason:
    """Why a stage is stale.

    Attributes
    ----------
    words : str
        For the reader.
    prose_only : bool
        Whether nothing but text has changed, so that the old results can be set in the new text.
    """

    words: str
    prose_only: bool = False


def basis(stage: Stage, run: Run, digests: Digests) -> dict[str, Any]:
    """Return all that the results of a stage rest on, as names and digests."""
    source = run.root / stage.source
    text = digests.finding(f"notebook {digests.of(source)}", lambda: dependencies.notebook(source))
    publisher = [stage.publish.partition(":")[0]] if stage.publish else []
    return {
        "code": text["code"],
        "prose": text["prose"],
        "parameters": {name: run.parameters[name] for name in stage.parameters},
        "inputs": inputs_of(stage, run, digests),
        "modules": dependencies.modules(run.root, [*text["imports"], *publisher, *SHAPING], digests),
        "lock": digests.of(run.root / "requirements.lock"),
        "python": f"{platform.python_implementation()} {platform.python_version()}",
        "start": run.start if stage.raw else "",
        "raw": {path: digests.of(run.raw / path) for path in run.raw_files} if stage.raw and run.start == "raw" else {},
        "declared": hashlib.sha256(repr(stage).encode()).hexdigest(),
    }


def inputs_of(stage: Stage, run: Run, digests: Digests) -> dict[str, str]:
    """Return the digest of every file that a stage declares as an input, by its path from the project's folder."""
    found = {}
    for path in stage.inputs:
        base = run.root if path.split("/")[0] in PROJECT_FOLDERS else run.base(path)
        for file in files_below(base / path) if (base / path).exists() else ():
            found[file.relative_to(base).as_posix()] = digests.of(file)
    return dict(sorted(found.items()))


def recorded(stage: Stage, run: Run) -> dict | None:
    """Return the record of a stage's last run, or None if there is none that can be read."""
    for folder in (run.staged_records, run.records):
        try:
            return json.loads((folder / f"{stage.name}.json").read_text(encoding="utf-8"))
        except (OSError, ValueError):
            continue
    return None


def reason(stage: Stage, run: Run, digests: Digests, now: Mapping[str, Any] | None = None) -> Reason | None:
    """Say why a stage has to run, in a few words; None if its results still stand.

    Parameters
    ----------
    stage : Stage
    run : Run
    digests : Digests
    now : mapping, optional
        Its :func:`basis`, if that is known already.
    """
    record = recorded(stage, run)
    if record is None:
        return Reason("it has not run here yet")
    now = basis(stage, run, digests) if now is None else now
    before = record["basis"]
    changed = _changed_outputs(stage, run, record["outputs"], digests)
    for found in (
        changed,
        _differs("its code changed", before, now, "code"),
        _settings(before.get("parameters", {}), now["parameters"]),
        _start(before.get("start"), now["start"]),
        _files("raw file", before.get("raw", {}), now["raw"]),
        _files("input", before.get("inputs", {}), now["inputs"]),
        _files("module", before.get("modules", {}), now["modules"]),
        _differs("requirements.lock changed", before, now, "lock"),
        _differs(f"now {now['python']}, before {before.get('python')}", before, now, "python"),
        _differs("its entry in stages.toml changed", before, now, "declared"),
    ):
        if found:
            return Reason(found)
    if before.get("prose") != now["prose"]:
        return Reason("only its text changed", prose_only=True)
    return None


def _differs(words: str, before: Mapping, now: Mapping, part: str) -> str:
    return words if before.get(part) != now[part] else ""


def _settings(before: Mapping, now: Mapping) -> str:
    changed = [name for name in now if before.get(name) != now[name]]
    return "; ".join(f"{name} is {now[name]}, was {before.get(name)}" for name in changed)


def _start(before: str | None, now: str) -> str:
    words = {"raw": "the raw files", "snapshot": "the snapshot"}
    return f"starts from {words[now]}, started from {words.get(before, 'elsewhere')}" if now and before != now else ""


def _files(kind: str, before: Mapping[str, str], now: Mapping[str, str]) -> str:
    """Name the first of the files that differ, and how many more do."""
    words = [f"{kind} {path} changed" for path in now if path in before and before[path] != now[path] and now[path]]
    words += [f"{kind} {path} is new" for path in now if path not in before]
    words += [f"{kind} {path} is gone" for path in before if not now.get(path)]
    more = f" (and {len(words) - 1} more)" if len(words) > 1 else ""
    return words[0] + more if words else ""


def _changed_outputs(stage: Stage, run: Run, outputs: Mapping[str, str], digests: Digests) -> str:
    """Say which published file is not what the stage wrote."""
    now = {path: digests.of(file) for path, file in outputs_of(stage, run)}
    missing = [f"its output {path} is missing" for path in outputs if path not in now]
    altered = [f"its output {path} was altered" for path in outputs if path in now and now[path] != outputs[path]]
    added = [f"{path} lies among its outputs" for path in now if path not in outputs]
    words = missing + altered + added
    more = f" (and {len(words) - 1} more)" if len(words) > 1 else ""
    return words[0] + more if words else ""
