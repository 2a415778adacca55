"""Carry out the stages that are stale, side by side where they do not wait for each other."""

import multiprocessing
import os
import shutil
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from graphlib import TopologicalSorter
from multiprocessing.connection import Connection, wait
from multiprocessing.process import BaseProcess
from pathlib import Path

from . import watch
from .display import Display
from .execute import DISK, FIXED_ENVIRONMENT, GRACE, child, kernel_environment
from .records import Reason
from .stages import Stage, graph
from .workspace import Failure, Run, shorten

# Seconds between two moves of the display.
TICK = 0.2


@dataclass
class Kernel:
    """A kernel that runs before its stage does."""

    process: BaseProcess
    alive: Connection
    connection_file: Path


@dataclass
class Task:
    """A stage under way."""

    stage: Stage
    process: BaseProcess
    kernel: "Kernel | None"
    report: Connection
    work: Path
    began: float


def build(
    stages: Sequence[Stage],
    run: Run,
    jobs: int,
    display: Display,
    reason: Callable[[Stage], Reason | None],
    done: Callable[[Stage, Path, float], None],
    context,
    modules: Mapping[str, Sequence[str]],
) -> dict[str, Failure]:
    """Run the stages that have a reason to, each when those that it builds on have ended.

    Parameters
    ----------
    stages : sequence of Stage
        What to look at, in reading order.
    run : Run
    jobs : int
        How many stages may run at once.
    display : Display
        Told of every change.
    reason : callable
        Says why a stage has to run, or None; asked when all that it builds on has ended, so that unchanged
        outputs stop the wave.
    done : callable
        Called with a stage that has ended well, the folder of its outputs and the seconds it took.
    context
        From :func:`processes`.
    modules : mapping of str to sequence of str
        What each notebook that is likely to run imports; its kernel is started ahead of its time.

    Returns
    -------
    dict of str to Failure
        The stages that failed. Stages built on them have not run; all others have.
    """
    by_name = {stage.name: stage for stage in stages}
    waits_for = graph(stages, run.start)
    order = by_need(waits_for)
    sorter = TopologicalSorter(waits_for)
    sorter.prepare()
    waiting: list[tuple[Stage, Reason]] = []
    tasks: list[Task] = []
    ahead: dict[str, Kernel] = {}
    coming = [name for name in order if name in modules]
    failures: dict[str, Failure] = {}
    try:
        while sorter.is_active():
            ready = sorted(sorter.get_ready(), key=order.index)
            for name in ready:
                why = reason(by_name[name])
                if why is None:
                    coming = [other for other in coming if other != name]
                    sorter.done(name)
                    display.fresh(name)
                else:
                    waiting.append((by_name[name], why))
            waiting.sort(key=lambda each: order.index(each[0].name))
            while waiting and len(tasks) < jobs:
                stage, why = waiting.pop(0)
                coming = [other for other in coming if other != stage.name]
                kernel = ahead.pop(stage.name, None) or (None if why.prose_only else _kernel(stage, run, context, modules))
                tasks.append(_begin(stage, run, context, why.prose_only, kernel))
                display.running(stage.name, why.words)
            for name in coming[: jobs if tasks else 0]:
                if name not in ahead:
                    ahead[name] = _kernel(by_name[name], run, context, modules)
            if not tasks:
                if not ready:
                    break  # what is left builds on what failed
                continue
            wait([task.process.sentinel for task in tasks], timeout=TICK)
            display.tick()
            for task in [task for task in tasks if not task.process.is_alive()]:
                tasks.remove(task)
                seconds = time.monotonic() - task.began
                failure = _end(task, done, seconds)
                if failure is None:
                    sorter.done(task.stage.name)
                    display.done(task.stage.name, seconds)
                else:
                    failures[task.stage.name] = failure
                    display.failed(task.stage.name, seconds)
    finally:
        _stop(tasks, [kernel for kernel in ahead.values() if kernel])
        shutil.rmtree(run.work, ignore_errors=True)
    return failures


def by_need(waits_for: Mapping[str, set[str]]) -> list[str]:
    """Return the stages in the order in which to begin them: first the one with the longest chain built on it."""
    chain = dict.fromkeys(waits_for, 0)
    for name in reversed(list(TopologicalSorter(waits_for).static_order())):
        for before in waits_for[name]:
            chain[before] = max(chain[before], chain[name] + 1)
    return sorted(waits_for, key=lambda name: -chain[name])


def processes(run: Run, modules: Sequence[str]):
    """Choose how processes start, and begin to import what they will need.

    A fork server imports the libraries once and forks each stage and each kernel from there; it has done
    nothing else, so that forking is safe. Where there is none, each stage imports for itself. Threads would
    run notebooks in the wrong folder (papermill #473).

    Parameters
    ----------
    run : Run
    modules : sequence of str
        What the notebooks import.
    """
    os.environ |= FIXED_ENVIRONMENT
    if "forkserver" not in multiprocessing.get_all_start_methods():
        return multiprocessing.get_context("spawn")
    from multiprocessing import forkserver

    from . import warm

    warm.ask_for(modules if run.kernels == "warm" else ())
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(["towns_index.runner.warm"])
    forkserver.ensure_running()
    return context


def _begin(stage: Stage, run: Run, context, render: bool, kernel: Kernel | None) -> Task:
    """Start the process of a stage in its folder."""
    work = run.work / stage.name
    work.mkdir(parents=True, exist_ok=True)
    report, sender = context.Pipe(duplex=False)
    given = (kernel.process.pid, kernel.alive, str(kernel.connection_file)) if kernel else None
    process = context.Process(target=child, args=(stage, run, work, sender, render, given), name=stage.name)
    process.start()
    # Only the processes that use a pipe may hold it open: its end tells the other side that they are gone.
    sender.close()
    if kernel:
        kernel.alive.close()
    return Task(stage, process, kernel, report, work, time.monotonic())


def _kernel(stage: Stage, run: Run, context, modules: Mapping[str, Sequence[str]]) -> Kernel | None:
    """Start the kernel of a stage, if kernels are warm; the stage may begin later."""
    if run.kernels != "warm":
        return None
    from . import warm

    work = run.work / stage.name
    work.mkdir(parents=True, exist_ok=True)
    watch.write_startup_file(stage, run, work / "ipython")
    ours, theirs = context.Pipe()
    file = work / "kernel.json"
    environment = os.environ | kernel_environment(run, work / "out")
    given = (theirs, str(file), environment, str(run.root / "notebooks"), str(work / "log.txt"), modules.get(stage.name, ()))
    process = context.Process(target=warm.kernel, args=given, name="kernel")
    process.start()
    theirs.close()
    return Kernel(process, ours, file)


def _end(task: Task, done: Callable[[Stage, Path, float], None], seconds: float) -> Failure | None:
    """Return what the process of a stage reported when it ended; if all is well, keep its outputs."""
    task.process.join()
    if task.kernel:
        task.kernel.process.join()
    try:
        failure = task.report.recv()
    except EOFError:
        failure = _crash(task)
    task.report.close()
    if failure is None:
        try:
            done(task.stage, task.work / "out", seconds)
        except OSError as error:
            failure = Failure(str(error), DISK)
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


def _stop(tasks: Sequence[Task], kernels: Sequence[Kernel]) -> None:
    """End the stages under way with their kernels, politely first; and the kernels that ran ahead."""
    for task in tasks:
        task.process.terminate()
    for kernel in kernels:
        kernel.alive.close()
        kernel.process.kill()
    processes = [task.process for task in tasks] + [task.kernel.process for task in tasks if task.kernel]
    for process in [*processes, *(kernel.process for kernel in kernels)]:
        process.join(GRACE)
        if process.is_alive():
            process.kill()
            process.join()
