"""The stages of a build: read from ``definitions/stages.toml``, checked, ordered, selected.

A stage is one notebook with the files it reads and writes. The graph follows from those files alone: a
stage comes after every stage that writes something it reads. A declared path that ends in ``/`` stands
for a folder and all that is in it.
"""

import ast
import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, fields
from graphlib import CycleError, TopologicalSorter
from pathlib import Path, PurePosixPath

from .problems import Problems, read_toml, unknown

# What stands in the project itself, and what each run may put in a folder of its own.
PROJECT_FOLDERS = ("definitions", "notebooks")
RUN_FOLDERS = ("data", "reports")
TOP_LEVEL = ("stage", "preflight", "raw_files", "project")


@dataclass(frozen=True)
class Stage:
    """One notebook, what it reads and what it writes.

    Attributes
    ----------
    name : str
        Name of the notebook without ``.ipynb``.
    raw : bool
        Whether the stage reads the raw files; from a snapshot it reads its own outputs instead.
    parameters : tuple of str
        The parameters injected into the notebook.
    inputs, outputs : tuple of str
        Paths from the project's folder, with ``/``.
    publish : str, optional
        ``module:function`` called with the path of the executed notebook after it has run.
    """

    name: str
    title: str
    raw: bool = False
    parameters: tuple[str, ...] = ()
    inputs: tuple[str, ...] = ()
    outputs: tuple[str, ...] = ()
    publish: str | None = None

    @property
    def source(self) -> str:
        """The notebook that is run."""
        return f"notebooks/{self.name}.ipynb"

    @property
    def notebook(self) -> str:
        """The executed notebook, an output of every stage."""
        return f"reports/notebooks/{self.name}.ipynb"

    @property
    def writes(self) -> tuple[str, ...]:
        """All that the stage publishes: its declared outputs and its executed notebook."""
        return (*self.outputs, self.notebook)


@dataclass(frozen=True)
class Plan:
    """The whole contents of ``definitions/stages.toml``.

    Attributes
    ----------
    stages : tuple of Stage
    preflight : tuple of str
        ``module:function`` each, asked for problems before the first notebook starts.
    raw_files : str, optional
        ``module:function`` that lists the raw files, as paths below their folder.
    project : dict
        ``name``, ``description``, ``author``, ``licence`` (its address) and ``licence_name`` of the results.
    """

    stages: tuple[Stage, ...]
    preflight: tuple[str, ...] = ()
    raw_files: str | None = None
    project: dict[str, str] = field(default_factory=dict)


def covers(declared: str, path: str) -> bool:
    """Whether a declared path is `path` itself or a folder that holds it."""
    return declared == path or (declared.endswith("/") and path.startswith(declared))


def overlap(one: str, other: str) -> bool:
    """Whether two declared paths have a file in common."""
    return covers(one, other) or covers(other, one)


def load(root: Path, parameters: Iterable[str]) -> Plan:
    """Read and check the stages of the project in `root`.

    Parameters
    ----------
    root : Path
        The project's folder.
    parameters : iterable of str
        The names that a stage may list under ``parameters``.

    Raises
    ------
    Problems
        If the file has mistakes: all of them.
    """
    path = root / "definitions" / "stages.toml"
    contents = read_toml(path)
    problems = [unknown("key", key, TOP_LEVEL) for key in contents if key not in TOP_LEVEL]
    entries = contents.get("stage", [])
    if not isinstance(entries, list) or not all(isinstance(entry, dict) for entry in entries):
        raise Problems([f"{path.name}: each stage must begin with a line [[stage]], in double brackets"])
    stages = []
    for number, entry in enumerate(entries, start=1):
        place = f"stage {entry.get('name', number)}"
        faults = _faults(entry, set(parameters))
        problems += [f"{place}: {fault}" for fault in faults]
        if not faults:
            lists = {key: tuple(entry.get(key, ())) for key in ("parameters", "inputs", "outputs")}
            stages.append(Stage(**entry | lists))
    problems += _clashes(stages)
    if not problems:
        problems += _cycle(stages)
    if problems:
        raise Problems(f"{path.name}: {problem}" for problem in problems)
    return Plan(tuple(stages), tuple(contents.get("preflight", ())), contents.get("raw_files"))


def _faults(entry: dict, parameters: set[str]) -> list[str]:
    """List what is wrong with one ``[[stage]]`` by itself."""
    types = {field.name: field.type for field in fields(Stage)}
    faults = [unknown("key", key, types) for key in entry if key not in types]
    faults += [f"{key} is missing" for key in ("name", "title") if not entry.get(key)]
    for key, value in entry.items():
        if key in {"parameters", "inputs", "outputs"}:
            if not isinstance(value, list) or not all(isinstance(item, str) for item in value):
                faults.append(f"{key} must be a list of texts")
        elif key in types and not isinstance(value, bool if key == "raw" else str):
            faults.append(f"{key} must be {'true or false' if key == 'raw' else 'text'}")
    if faults:
        return faults
    asked = entry.get("parameters", [])
    faults += [unknown("parameter", name, parameters) for name in asked if name not in parameters]
    allowed = {"inputs": PROJECT_FOLDERS + RUN_FOLDERS, "outputs": RUN_FOLDERS}
    for key, folders in allowed.items():
        faults += [
            f"{key}: {path!r} must be a path from the project's folder under {' or '.join(folders)}, with / between"
            for path in entry.get(key, [])
            if not _inside(path, folders)
        ]
    if entry.get("publish", ":").count(":") != 1:
        faults.append(f"publish must read module:function, not {entry['publish']!r}")
    return faults


def _inside(path: str, folders: Sequence[str]) -> bool:
    parts = PurePosixPath(path).parts
    return len(parts) > 1 and parts[0] in folders and ".." not in parts and "\\" not in path


def _clashes(stages: Sequence[Stage]) -> list[str]:
    """List names given twice and files that two stages write."""
    names = [stage.name for stage in stages]
    faults = [f"two stages are called {name!r}" for name in sorted(set(names)) if names.count(name) > 1]
    for index, stage in enumerate(stages):
        for other in stages[index + 1 :]:
            faults += [
                f"{stage.name} and {other.name} both write {one}; only one stage may"
                for one in stage.writes
                if any(overlap(one, two) for two in other.writes)
            ]
    return faults


def notebook_faults(root: Path, stages: Iterable[Stage]) -> list[str]:
    """List what is wrong with the stages' notebooks: papermill would pass over most of it in silence."""
    return [f"{stage.name}: {fault}" for stage in stages for fault in _notebook_faults(root, stage)]


def _notebook_faults(root: Path, stage: Stage) -> list[str]:
    path = root / stage.source
    if not path.is_file():
        return [f"its notebook {stage.source} is missing"]
    try:
        cells = json.loads(path.read_text(encoding="utf-8"))["cells"]
        tagged = ["".join(cell["source"]) for cell in cells if "parameters" in cell["metadata"].get("tags", [])]
    except (ValueError, KeyError, TypeError, AttributeError):
        return [f"{stage.source} is not a notebook that can be read; open it in JupyterLab and save it again"]
    if not stage.parameters:
        return []
    if len(tagged) != 1:
        return [f"{stage.source} must have one cell with the tag 'parameters', not {len(tagged)}"]
    missing = [name for name in stage.parameters if name not in assigned(tagged[0])]
    return [f"the parameters cell of {stage.source} gives no value to {name}" for name in missing]


def assigned(code: str) -> set[str]:
    """Return the names to which the top level of `code` gives a value; none if it is not Python."""
    try:
        statements = ast.parse(code).body
    except SyntaxError:
        return set()
    targets = [target for line in statements if isinstance(line, ast.Assign) for target in line.targets]
    targets += [line.target for line in statements if isinstance(line, ast.AnnAssign)]
    return {target.id for target in targets if isinstance(target, ast.Name)}


def _cycle(stages: Sequence[Stage]) -> list[str]:
    try:
        TopologicalSorter(graph(stages)).prepare()
    except CycleError as error:
        return [f"these stages wait for each other in a circle: {' -> '.join(reversed(error.args[1]))}"]
    return []


def graph(stages: Iterable[Stage], start: str = "raw") -> dict[str, set[str]]:
    """Return, for each stage, the stages whose outputs it reads.

    From a snapshot, nothing waits for a ``raw`` stage without parameters: it can only give back the outputs that
    are there already, unchanged.
    """
    stages = list(stages)
    return {
        stage.name: {
            other.name
            for other in stages
            if not gives_back(other, start)
            and any(overlap(written, read) for written in other.writes for read in stage.inputs)
        }
        for stage in stages
    }


def gives_back(stage: Stage, start: str) -> bool:
    """Whether a stage must leave the tables and files that it finds as they are, and show them."""
    return stage.raw and start == "snapshot" and not stage.parameters


def find(stages: Sequence[Stage], name: str) -> Stage | None:
    """Return the stage called `name` or numbered `name` (``050`` for ``050_clusters``), else None."""
    exact = [stage for stage in stages if stage.name == name]
    numbered = [stage for stage in stages if stage.name.split("_")[0] == name]
    return exact[0] if exact else numbered[0] if len(numbered) == 1 else None


def select(stages: Sequence[Stage], only: str | None, start: str | None) -> tuple[list[Stage], list[str]]:
    """Choose the stages to run, in reading order.

    Parameters
    ----------
    stages : sequence of Stage
        All stages.
    only : str, optional
        Names with commas between; just these run.
    start : str, optional
        A name; it runs and so does all that is built on it.

    Returns
    -------
    selected : list of Stage
    problems : list of str
        Names that do not exist, with the nearest that does.
    """
    names = [stage.name for stage in stages]
    asked = {"--only": [name.strip() for name in only.split(",") if name.strip()] if only is not None else []}
    asked["--from"] = [start] if start is not None else []
    problems = [
        f"{option} {name}: {unknown('stage', name, names)}"
        for option, wanted in asked.items()
        for name in wanted
        if find(stages, name) is None
    ]
    if only is not None and start is not None:
        problems.append("--only and --from cannot be used together; choose one")
    if only is not None and not asked["--only"]:
        problems.append(f"--only needs at least one stage of: {', '.join(names)}")
    if problems:
        return [], problems
    if only is not None:
        chosen = {find(stages, name).name for name in asked["--only"]}
    elif start is not None:
        chosen = downstream(stages, find(stages, start).name)
    else:
        chosen = set(names)
    return [stage for stage in stages if stage.name in chosen], []


def downstream(stages: Sequence[Stage], name: str) -> set[str]:
    """Return `name` and every stage that is built on it, directly or through others."""
    before = graph(stages)
    reached = {name}
    for stage in TopologicalSorter(before).static_order():
        if before[stage] & reached:
            reached.add(stage)
    return reached


def place(path: str, root: Path, out: Path) -> Path:
    """Return where a declared path lies: definitions and notebooks in the project, the rest in `out`."""
    return (root if path.split("/")[0] in PROJECT_FOLDERS else out) / path


def missing_inputs(stages: Sequence[Stage], root: Path, folders: Sequence[Path], start: str) -> list[str]:
    """List the files that the selected stages read, that are not there and that none of them writes.

    Starting from the snapshot, a ``raw`` stage reads its own outputs, so these must be there.

    Parameters
    ----------
    stages : sequence of Stage
    root : Path
        The project's folder.
    folders : sequence of Path
        Where results may lie, the first choice first.
    start : {"raw", "snapshot"}
    """
    problems = []
    for stage in stages:
        coming = [path for other in stages if other is not stage for path in other.writes]
        reads = stage.inputs + (stage.outputs if stage.raw and start == "snapshot" else ())
        for path in reads:
            places = [place(path, root, folder) for folder in folders]
            if any(each.exists() for each in places) or any(overlap(path, other) for other in coming):
                continue
            remedy = "build the stage that writes it" if path not in stage.outputs else "start from the raw files"
            if path.split("/")[0] in PROJECT_FOLDERS:
                remedy = f"restore it, for example with: git checkout {path}"
            problems.append(f"{stage.name} reads {path}, which is missing in {places[0]}; {remedy}")
    return problems
