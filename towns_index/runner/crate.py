"""What a build leaves of itself: one record, and the same as an RO-Crate for other programs.

``reports/build-record.json`` holds the digests of all inputs and outputs, the parameters, the code, the
environment and the seconds that each stage took. ``ro-crate-metadata.json`` describes the results' folder as a
research object (RO-Crate 1.1, profile Process Run Crate 0.5): each stage is an action with its instrument, its
objects and its results. Both hold times, so that they differ from build to build; neither is a result.
"""

import importlib.metadata
import json
import platform
import shutil
import subprocess
from collections.abc import Mapping
from datetime import UTC, datetime
from functools import lru_cache
from pathlib import Path

from towns_index import files

from . import records
from .stages import PROJECT_FOLDERS, Plan
from .workspace import Run

RECORD = "reports/build-record.json"
CRATE = "ro-crate-metadata.json"
PROFILE = "https://w3id.org/ro/wfrun/process/0.5"
FORMATS = {
    ".csv": "text/csv",
    ".geojson": "application/geo+json",
    ".html": "text/html",
    ".ipynb": "application/x-ipynb+json",
    ".json": "application/json",
    ".pdf": "application/pdf",
    ".png": "image/png",
    ".txt": "text/plain",
}


def write(plan: Plan, run: Run) -> None:
    """Write the record and the crate of the results as they now stand."""
    made = record(plan, run)
    files.write_text(json.dumps(made, indent=1, ensure_ascii=False) + "\n", run.out / RECORD)
    crate = json.dumps(crate_of(plan, run, made), indent=1, ensure_ascii=False, sort_keys=True)
    files.write_text(crate + "\n", run.out / CRATE)


def record(plan: Plan, run: Run) -> dict:
    """Return what is known of the build whose results are published.

    Returns
    -------
    dict
        ``project``, ``start``, ``environment``, ``code`` and ``stages``; of each stage what it rested on
        (:func:`towns_index.runner.records.basis`), its outputs with their digests, when it ended and the
        seconds that it took. A stage whose results still stood keeps the times of the build that ran it.
    """
    ran = [(stage, records.recorded(stage, run)) for stage in plan.stages]
    return {
        "project": plan.project.get("name", run.root.name),
        "written": datetime.now(UTC).isoformat(timespec="seconds"),
        "start": run.start,
        "parameters": dict(run.parameters),
        "environment": environment(run),
        "code": code(run.root),
        "stages": [{"title": stage.title, **entry} for stage, entry in ran if entry],
        "not run here": [stage.name for stage, entry in ran if not entry],
    }


def prepare() -> None:
    """Do what takes time and can be done while notebooks run."""
    import rocrate.rocrate  # noqa: F401

    packages()


@lru_cache(maxsize=1)
def packages() -> dict[str, str]:
    """Return the versions of all packages."""
    installed = {each.name: each.version for each in importlib.metadata.distributions() if each.name}
    return dict(sorted(installed.items(), key=lambda each: each[0].lower()))


def environment(run: Run) -> dict:
    """Return the interpreter, the system and the versions of all packages."""
    lock = run.root / "requirements.lock"
    return {
        "python": f"{platform.python_implementation()} {platform.python_version()}",
        "system": f"{platform.system()} {platform.machine()}",
        "lock sha256": files.sha256(lock) if lock.is_file() else "",
        "kernels": run.kernels,
        "packages": packages(),
    }


def code(root: Path) -> dict:
    """Return the commit of the project and whether files differ from it; nothing outside a repository."""
    if not shutil.which("git") or not (root / ".git").exists():
        return {}
    ask = {"cwd": root, "capture_output": True, "text": True}
    commit = subprocess.run(["git", "rev-parse", "HEAD"], **ask).stdout.strip()
    state = subprocess.run(["git", "status", "--porcelain", "--untracked-files=no"], **ask).stdout.splitlines()
    changed = [line[3:] for line in state]
    kept = [path for path in changed if not path.startswith(("data/processed/", "reports/"))]
    return {"commit": commit, "changed since": kept} if commit else {}


def crate_of(plan: Plan, run: Run, made: Mapping) -> dict:
    """Return the RO-Crate of a record, as the contents of ``ro-crate-metadata.json``."""
    from rocrate.model.contextentity import ContextEntity
    from rocrate.rocrate import ROCrate

    crate = ROCrate(version="1.1")
    about = plan.project
    crate.name = made["project"]
    crate.description = about.get("description", f"Results of {made['project']}")
    crate.datePublished = made["written"]

    def add(identifier: str, kind: str, **properties) -> ContextEntity:
        known = crate.dereference(identifier)
        return known or crate.add(ContextEntity(crate, identifier, properties={"@type": kind, **properties}))

    profile = add(PROFILE, "CreativeWork", name="Process Run Crate", version="0.5")
    crate.root_dataset["conformsTo"] = profile
    licence = about.get("licence", "#licence")
    crate.license = add(licence, "CreativeWork", name=about.get("licence_name", "No licence is stated"), description="Licence of the results")
    maker = add("#contributors", "Organization", name=about.get("author", f"{made['project']} contributors"))
    crate.root_dataset["author"] = crate.root_dataset["publisher"] = maker
    python = add("#python", "SoftwareApplication", name="Python", softwareVersion=made["environment"]["python"])
    lock = add("#requirements.lock", "CreativeWork", name="requirements.lock", sha256=made["environment"]["lock sha256"])
    by_name = {stage.name: stage for stage in plan.stages}
    for entry in made["stages"]:
        results = [_file(crate, run, path, digest) for path, digest in entry["outputs"].items()]
        stage = by_name[entry["stage"]]
        basis = entry["basis"]
        read = {path: digest for path, digest in basis["inputs"].items()}
        objects = [lock]
        for path, digest in read.items():
            if path.split("/")[0] in PROJECT_FOLDERS:
                objects.append(add(f"#{path}", "CreativeWork", name=path, sha256=digest))
            else:
                objects.append(_file(crate, run, path, digest))
        objects += [add(f"#raw/{path}", "CreativeWork", name=path, sha256=digest) for path, digest in basis["raw"].items()]
        objects += [
            add(f"#parameter-{name}-{value}", "PropertyValue", name=name, value=value) for name, value in basis["parameters"].items()
        ]
        parts = [add(f"#{path}", "SoftwareSourceCode", name=path, version=digest[:12], sha256=digest) for path, digest in basis["modules"].items()]
        instrument = add(
            f"#{stage.source}",
            "SoftwareSourceCode",
            name=stage.source,
            description=stage.title,
            version=basis["code"][:12],
            programmingLanguage=python,
            **({"hasPart": parts} if parts else {}),
        )
        action = add(
            f"#{stage.name}",
            "CreateAction",
            name=f"{stage.name}: {stage.title}",
            description=f"Ran {stage.source} in {entry['seconds']} seconds",
            endTime=entry["ended"],
            instrument=instrument,
            object=objects,
            result=results,
            agent=maker,
            actionStatus="http://schema.org/CompletedActionStatus",
        )
        crate.root_dataset.append_to("mentions", action)
    if (run.out / RECORD).is_file():
        _file(crate, run, RECORD, files.sha256(run.out / RECORD))
    return crate.metadata.generate()


def _file(crate, run: Run, path: str, digest: str):
    """Return the entity of a file of the results; one that an older build left and that is gone is described only."""
    known = crate.dereference(path)
    if known:
        return known
    file = run.out / path
    about = {"name": path, "sha256": digest, "encodingFormat": FORMATS.get(file.suffix, "application/octet-stream")}
    if file.is_file():
        about["contentSize"] = str(file.stat().st_size)
    return crate.add_file(dest_path=path, properties=about)

