"""Carry out the selected stages, side by side where they do not wait for each other."""

import multiprocessing
import shutil
import time
from collections.abc import Sequence
from dataclasses import dataclass
from graphlib import TopologicalSorter
from multiprocessing.connection import Connection, wait
from multiprocessing.process import BaseProcess
from pathlib import Path

from .display import Display
from .execute import GRACE, child
from .stages import Stage, graph
from .workspace import Failure, Run, shorten

# Seconds between two moves of the display.
TICK = 0.2


@dataclass
class Task:
    """A stage under way."""

    stage: Stage
    process: BaseProcess
    report: Connection
    work: Path
    began: float


def build(stages: Sequence[Stage], run: Run, jobs: int, display: Display) -> dict[str, Failure]:
    """Run the stages and publish what they write.

    Parameters
    ----------
    stages : sequence of Stage
        What to run, in reading order.
    run : Run
    jobs : int
        How many stages may run at once.
    display : Display
        Told of every change.

    Returns
    -------
    dict of str to Failure
        The stages that failed. Stages built on them have not run; all others have.
    """
    by_name = {stage.name: stage for stage in stages}
    order = list(by_name)
    sorter = TopologicalSorter(graph(stages))
    sorter.prepare()
    context = _context()
    waiting: list[str] = []
    tasks: list[Task] = []
    failures: dict[str, Failure] = {}
    try:
        while sorter.is_active():
            waiting = sorted([*waiting, *sorter.get_ready()], key=order.index)
            while waiting and len(tasks) < jobs:
                task = _begin(by_name[waiting.pop(0)], run, context)
                tasks.append(task)
                display.running(task.stage.name)
            if not tasks:
                break
            wait([task.process.sentinel for task in tasks], timeout=TICK)
            display.tick()
            for task in [task for task in tasks if not task.process.is_alive()]:
                tasks.remove(task)
                failure = _end(task)
                seconds = time.monotonic() - task.began
                if failure is None:
                    sorter.done(task.stage.name)
                    display.done(task.stage.name, seconds)
                else:
                    failures[task.stage.name] = failure
                    display.failed(task.stage.name, seconds)
    finally:
        _stop(tasks)
        shutil.rmtree(run.work, ignore_errors=True)
    return failures


def _context():
    """Choose how processes start.

    A fork server imports the notebook libraries once and forks each stage from there; it has done
    nothing else, so that forking is safe. Where there is none, each stage imports for itself. Threads
    would run notebooks in the wrong folder (papermill #473).
    """
    if "forkserver" in multiprocessing.get_all_start_methods():
        context = multiprocessing.get_context("forkserver")
        context.set_forkserver_preload(["papermill", "towns_index.runner.execute"])
        return context
    return multiprocessing.get_context("spawn")


def _begin(stage: Stage, run: Run, context) -> Task:
    """Start the process of a stage in an empty folder."""
    work = run.work / stage.name
    work.mkdir(parents=True)
    report, sender = context.Pipe(duplex=False)
    process = context.Process(target=child, args=(stage, run, work, sender), name=stage.name)
    process.start()
    sender.close()
    return Task(stage, process, report, work, time.monotonic())


def _end(task: Task) -> Failure | None:
    """Return what the process of a stage reported when it ended."""
    task.process.join()
    try:
        failure = task.report.recv()
    except EOFError:
        failure = _crash(task)
    task.report.close()
    shutil.rmtree(task.work, ignore_errors=True)
    return failure


def _crash(task: Task) -> Failure:
    """Describe a process that ended without a word."""
    log = task.work / "log.txt"
    text = log.read_text(encoding="utf-8", errors="replace").strip() if log.is_file() else ""
    last = text.splitlines()[-1] if text else f"exit code {task.process.exitcode}"
    return Failure(
        shorten(f"its process ended unexpectedly: {last}", ()),
        "If memory is short, try --jobs 1; otherwise run the notebook in JupyterLab to see more.",
    )


def _stop(tasks: Sequence[Task]) -> None:
    """End the stages under way with their kernels, politely first."""
    for task in tasks:
        task.process.terminate()
    for task in tasks:
        task.process.join(GRACE)
        if task.process.is_alive():
            task.process.kill()
            task.process.join()
