"""The commands ``build`` and ``status``: settle what is asked, check all of it, run what has to run."""

import argparse
import multiprocessing
import os
import signal
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

from towns_index import files, paths

from . import crate, dependencies, parameters, records, stages, staging
from .arguments import read_build
from .digests import Digests
from .problems import Problems, entry_point, unknown
from .workspace import Run, files_below

STARTS = ("auto", "raw", "snapshot")
KERNELS = ("warm", "ordinary")
MOST_JOBS = 4


class Order:
    """What was asked, checked: everything a build or a status needs.

    Parameters
    ----------
    argv : sequence of str
        The options.
    root : Path
        The project's folder.

    Raises
    ------
    Problems
        With all that is wrong, at once.
    """

    def __init__(self, argv: Sequence[str], root: Path):
        asked, problems = read_build(argv, root)
        known = _gather(problems, lambda: parameters.load(root), {})
        self.plan = _gather(problems, lambda: stages.load(root, known), stages.Plan(()))
        values, wrong = parameters.settle(known, asked.settings)
        self.selected, unknown_stages = stages.select(self.plan.stages, asked.only, asked.from_stage)
        problems += wrong + unknown_stages
        self.jobs = _gather(problems, lambda: _jobs(asked.jobs), 1)
        self.run = _gather(problems, lambda: locate(asked, root, values, self.plan), None)
        self.force = asked.force
        problems += _without_effect(asked.settings, self.selected, known)
        problems += stages.notebook_faults(root, self.selected)
        if self.run:
            folders = list(dict.fromkeys([self.run.staged, self.run.out, root]))
            problems += stages.missing_inputs(self.selected, root, folders, self.run.start)
        if problems:
            raise Problems(problems)


def build(argv: Sequence[str], root: Path) -> int:
    """Check everything, run the stages that have to run, publish their results."""
    order = Order(argv, root)
    run = order.run
    with staging.lock(run):
        digests = Digests(run.state / "digests.json")
        found = staging.recover(run, order.plan.stages, digests)
        print("\n".join(filter(None, [f"Start: {describe_start(run)}", found])), flush=True)
        copy_published(order.selected, run)
        reasons = why(order, digests)
        try:
            if any(reasons.values()):
                return carry_out(order, digests, reasons)
            staging.publish(run, order.plan.stages, digests)
            print(f"Nothing to do: the results of all {len(order.selected)} stages in {run.out} still stand.")
            return 0
        finally:
            digests.save()


def status(argv: Sequence[str], root: Path) -> int:
    """List the stages, each with its reason to run or that its results still stand; run nothing."""
    order = Order(argv, root)
    digests = Digests(order.run.state / "digests.json")
    reasons = why(order, digests)
    if order.run.state.is_dir():
        digests.save()
    print(f"Start: {describe_start(order.run)}")
    before = stages.graph(order.selected, order.run.start)
    stale: set[str] = set()
    for stage in order.selected:
        reason = reasons[stage.name]
        waits = sorted(before[stage.name] & stale)
        if waits or (reason and (stage.publish or not reason.prose_only)):
            stale.add(stage.name)
        state = ("set anew" if reason.prose_only else "to run") if reason else "may run" if waits else "stands"
        words = reason.words if reason else f"if {waits[0]} changes what it reads" if waits else "nothing has changed"
        print(f"{state:<9} {stage.name:<24}  {words}")
    return 0


def why(order: Order, digests: Digests) -> dict[str, records.Reason | None]:
    """Return each selected stage's reason to run, or None."""
    if order.force:
        return {stage.name: records.Reason("--force") for stage in order.selected}
    return {stage.name: records.reason(stage, order.run, digests) for stage in order.selected}


def carry_out(order: Order, digests: Digests, reasons: dict[str, records.Reason | None]) -> int:
    """Run what has to run, publish it, and tell how it went."""
    from . import display, schedule

    run, plan = order.run, order.plan
    # A polite kill ends the build as Ctrl-C does.
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    # The libraries are imported while the checks are made.
    modules = imports(order, reasons)
    context = schedule.processes(run, shared(modules, order))
    problems = preflight(plan, run)
    if problems:
        raise Problems(problems)
    crate.prepare()
    bases: dict[str, dict] = {}

    def reason(stage: stages.Stage) -> records.Reason | None:
        # What a stage rests on is noted before it runs: what changes meanwhile is seen by the next build.
        bases[stage.name] = records.basis(stage, run, digests)
        return reasons[stage.name] if order.force else records.reason(stage, run, digests, bases[stage.name])

    def done(stage: stages.Stage, out: Path, seconds: float) -> None:
        staging.take(stage, run, out, record_of(stage, run, out, bases[stage.name], seconds))

    print(f"Stages: {len(order.selected)}, up to {order.jobs} side by side\n", flush=True)
    with display.choose(order.selected) as shown:
        failures = schedule.build(order.selected, run, order.jobs, shown, reason, done, context, modules)
    if not failures:
        staging.publish(run, plan.stages, digests)
        crate.write(plan, run)
    print("\n".join(display.summary(order.selected, failures, shown.states, run.out, run.root)), flush=True)
    return 1 if failures else 0


def record_of(stage: stages.Stage, run: Run, out: Path, basis: dict, seconds: float) -> dict:
    """Return the record of a stage that has ended well."""
    written = {
        file.relative_to(out).as_posix(): files.sha256(file) for path in stage.writes for file in files_below(out / path)
    }
    return {
        "stage": stage.name,
        "ended": datetime.now(UTC).isoformat(timespec="seconds"),
        "seconds": round(seconds, 2),
        "kernels": run.kernels,
        "basis": basis,
        "outputs": dict(sorted(written.items())),
    }


def imports(order: Order, reasons: dict[str, records.Reason | None]) -> dict[str, list[str]]:
    """Return what each of the notebooks that may run imports, by stage."""
    stale = {name for name, reason in reasons.items() if reason and not reason.prose_only}
    chosen = {name for stage in stale for name in stages.downstream(order.selected, stage)}
    notebooks = {stage.name: order.run.root / stage.source for stage in order.selected if stage.name in chosen}
    return {name: _own(dependencies.notebook(path)["imports"], order.run) for name, path in notebooks.items()}


def shared(modules: dict[str, list[str]], order: Order) -> list[str]:
    """Return what more than one notebook imports, or the only one, and what is called after them.

    The rest is left to the kernel that needs it, which is started early.
    """
    names = [name for listed in modules.values() for name in dict.fromkeys(listed)]
    after = [stage.publish.partition(":")[0] for stage in order.selected if stage.publish]
    often = [name for name in dict.fromkeys(names) if len(modules) == 1 or names.count(name) > 1]
    return often + _own(after, order.run)


def _own(names: Sequence[str], run: Run) -> list[str]:
    """Leave out the modules of another project than this one: they may change between two builds of a process."""
    return [name for name in names if run.root == paths.ROOT or not dependencies.module_file(run.root, name)]


# what is asked ------------------------------------------------------------------------------------


def _gather(problems: list[str], action, otherwise):
    """Return what `action` returns; if it finds problems, note them and go on with something else."""
    try:
        return action()
    except Problems as error:
        problems += error.lines
        return otherwise


def _jobs(text: str | None) -> int:
    """Return how many stages may run side by side."""
    if text is None:
        cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
        return min(cores, MOST_JOBS)
    if not text.isdecimal() or int(text) < 1:
        raise Problems([f"--jobs {text}: must be a whole number from 1, for example 2"])
    return int(text)


def _without_effect(settings: Sequence[str], selected: Sequence[stages.Stage], known) -> list[str]:
    """List the settings that no selected stage would notice."""
    used = {name for stage in selected for name in stage.parameters}
    names = [setting.partition("=")[0].strip() for setting in settings]
    return [
        f"--set {name}: none of the stages to be run uses it, so it would change nothing"
        for name in dict.fromkeys(names)
        if selected and name in known and name not in used
    ]


def locate(asked: argparse.Namespace, root: Path, values: dict, plan: stages.Plan) -> Run:
    """Settle where the run reads and writes, from the options and the environment variables.

    Raises
    ------
    Problems
        If the raw files are asked for and are not there.
    """
    start = asked.start or os.environ.get(paths.START_VARIABLE) or "auto"
    if start not in STARTS:
        raise Problems([f"--start {start}: {unknown('start', start, STARTS)}"])
    raw = _folder(asked.raw or os.environ.get(paths.RAW_VARIABLE), root / "data" / "raw")
    out = _folder(asked.out or os.environ.get(paths.OUT_VARIABLE), root)
    if asked.raw and start == "snapshot":
        raise Problems([f"--raw {asked.raw}: a start from the snapshot reads no raw files; leave out one of the two"])
    os.environ |= {paths.RAW_VARIABLE: str(raw), paths.START_VARIABLE: start, paths.OUT_VARIABLE: str(out)}
    if (start == "raw" or asked.raw) and not raw.is_dir():
        raise Problems([f"the raw folder {raw} does not exist; name another with --raw DIR, or use --start snapshot"])
    settled = paths.start()
    if asked.raw and settled == "snapshot":
        raise Problems([f"--raw {raw}: the raw files are not in this folder; name another, or use --start snapshot"])
    if out.exists() and not out.is_dir():
        raise Problems([f"--out {out}: is a file; name a folder"])
    kernels = asked.kernels or "warm"
    if kernels not in KERNELS:
        raise Problems([f"--kernels {kernels}: {unknown('kind of kernel', kernels, KERNELS)}"])
    if "forkserver" not in multiprocessing.get_all_start_methods():
        kernels = "ordinary"
    raw_files = tuple(entry_point(plan.raw_files)()) if plan.raw_files else ()
    return Run(root, out, raw, settled, values, raw_files, kernels)


def _folder(chosen: str | None, otherwise: Path) -> Path:
    return Path(chosen).expanduser().resolve() if chosen else otherwise


def copy_published(selected: Sequence[stages.Stage], run: Run) -> None:
    """Copy what the selected stages need and do not write from the project to another folder of results.

    A snapshot start needs the outputs of the stages that would read the raw files, too.
    """
    if run.out == run.root:
        return
    written = {path for stage in selected for path in stage.writes}
    needed = {path for stage in selected for path in stage.inputs} - written
    if run.start == "snapshot":
        needed |= {path for stage in selected if stage.raw for path in stage.outputs}
    for path in sorted(needed):
        if path.split("/")[0] in stages.PROJECT_FOLDERS:
            continue
        source = run.root / path
        for file in files_below(source) if source.exists() else ():
            copy = run.out / file.relative_to(run.root)
            if not copy.exists():
                files.write_bytes(file.read_bytes(), copy)


def preflight(plan: stages.Plan, run: Run) -> list[str]:
    """Ask the project's own checks, named in the stages file, for problems."""
    return [problem for check in plan.preflight for problem in entry_point(check)(run.start, run.raw)]


def describe_start(run: Run) -> str:
    """Say from where a run starts."""
    if run.start == "raw":
        return f"raw bundle in {run.raw}"
    return f"town-level snapshot committed in data/processed (no raw files read; they would be in {run.raw})"
