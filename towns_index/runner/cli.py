"""The command line: reads what is asked, checks all of it, and hands it to the part that does it."""

import argparse
import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

from towns_index import paths

from . import parameters, stages
from .arguments import COMMANDS, read_build, split_command
from .problems import Problems, unknown
from .workspace import Run, files_below

FETCH = "towns_index.sources:fetch_main"
STARTS = ("auto", "raw", "snapshot")
MOST_JOBS = 4


def main(argv: Sequence[str], root: Path = paths.ROOT) -> int:
    """Carry out a command.

    Parameters
    ----------
    argv : sequence of str
        What stands behind ``run_all.py``.
    root : Path
        The project's folder.

    Returns
    -------
    int
        Exit status: 0 done, 1 something failed, 2 not understood or not possible, 130 stopped.
    """
    command, rest = split_command(argv)
    sys.path[:0] = [str(root)] if str(root) not in sys.path else []
    try:
        if command == "build":
            return build(rest, root)
        if command == "status":
            return status(rest, root)
        if command == "test":
            return _python(["-m", "pytest", *rest], root)
        if command == "lab":
            return lab(rest, root)
        if command == "fetch":
            from .execute import entry_point

            return entry_point(FETCH)(rest) or 0
        raise Problems([unknown("command", command, COMMANDS)])
    except Problems as error:
        count = len(error.lines)
        print(f"Nothing has been run: {count} problem{'s' if count > 1 else ''} to put right first.", file=sys.stderr)
        print("\n".join(f"  - {line}" for line in error.lines), file=sys.stderr)
        print("See: python run_all.py --help", file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        print("\nStopped. What had been published before is as it was.", file=sys.stderr)
        return 130


# build --------------------------------------------------------------------------------------------


def build(argv: Sequence[str], root: Path) -> int:
    """Check everything, then run the stages."""
    asked, problems = read_build(argv, root)
    known = _gather(problems, lambda: parameters.load(root), {})
    plan = _gather(problems, lambda: stages.load(root, known), stages.Plan(()))
    values, wrong = parameters.settle(known, asked.settings)
    selected, unknown_stages = stages.select(plan.stages, asked.only, asked.from_stage)
    problems += wrong + unknown_stages
    jobs = _gather(problems, lambda: _jobs(asked.jobs), 1)
    run = _gather(problems, lambda: locate(asked, root, values), None)
    problems += _without_effect(asked.settings, selected, known)
    problems += stages.notebook_faults(root, selected)
    if run is not None and selected:
        if not problems:
            copy_published(selected, run)
        problems += stages.missing_inputs(selected, root, run.out, run.start)
    if problems:
        raise Problems(problems)
    problems = preflight(plan, run)
    if problems:
        raise Problems(problems)
    return carry_out(selected, run, jobs)


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


def locate(asked: argparse.Namespace, root: Path, values: dict) -> Run:
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
    return Run(root, out, raw, settled, values)


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
                copy.parent.mkdir(parents=True, exist_ok=True)
                shutil.copyfile(file, copy)


def preflight(plan: stages.Plan, run: Run) -> list[str]:
    """Ask the project's own checks, named in the stages file, for problems."""
    from .execute import entry_point

    return [problem for check in plan.preflight for problem in entry_point(check)(run.start, run.raw)]


def carry_out(selected: Sequence[stages.Stage], run: Run, jobs: int) -> int:
    """Run the stages and tell how it went."""
    from . import display, schedule

    # A polite kill ends the build as Ctrl-C does.
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    print(f"Start: {describe_start(run)}")
    print(f"Stages: {len(selected)}, up to {jobs} side by side\n", flush=True)
    with display.choose(selected) as shown:
        failures = schedule.build(selected, run, jobs, shown)
    print("\n".join(display.summary(selected, failures, shown.states, run.out, run.root)), flush=True)
    return 1 if failures else 0


def describe_start(run: Run) -> str:
    """Say from where a run starts."""
    if run.start == "raw":
        return f"raw bundle in {run.raw}"
    return f"town-level snapshot committed in data/processed (no raw files read; they would be in {run.raw})"


# the other commands -------------------------------------------------------------------------------


def _python(arguments: Sequence[str], root: Path) -> int:
    """Run this Python in the project's folder, with the package importable."""
    python_path = os.pathsep.join(filter(None, [str(root), os.environ.get("PYTHONPATH")]))
    process = subprocess.Popen([sys.executable, *arguments], cwd=root, env=os.environ | {"PYTHONPATH": python_path})
    # Ctrl-C is for pytest and JupyterLab, which end in good order by themselves.
    before = signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        return process.wait()
    finally:
        signal.signal(signal.SIGINT, before)


def lab(rest: Sequence[str], root: Path) -> int:
    """Open JupyterLab on the notebooks: on this computer only, with its token."""
    print("JupyterLab opens in the browser; stop it here with Ctrl-C.", flush=True)
    options = ["--ServerApp.ip=127.0.0.1", f"--ServerApp.root_dir={root}", "--LabApp.default_url=/lab/tree/notebooks"]
    return _python(["-m", "jupyterlab", *options, *rest], root)


def status(rest: Sequence[str], root: Path) -> int:
    """List the stages with the files they read and write."""
    if rest:
        raise Problems([f"status takes no options, not {' '.join(rest)}"])
    plan = stages.load(root, parameters.load(root))
    out = _folder(os.environ.get(paths.OUT_VARIABLE), root)
    for stage in plan.stages:
        print(f"{stage.name}  {stage.title}")
        for word, listed in (("reads", (stage.source, *stage.inputs)), ("writes", stage.writes)):
            for path in listed:
                there = "present" if stages.place(path, root, out).exists() else "MISSING"
                print(f"    {word:<7}{there:<9}{path}")
    return 0
