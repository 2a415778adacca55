"""Run one stage in a process of its own: its notebook, then what is made from the executed notebook."""

import os
import re
import shutil
import signal
import sys
import threading
import time
from multiprocessing import parent_process
from multiprocessing.connection import Connection
from pathlib import Path

from towns_index import paths

from . import watch
from .problems import entry_point
from .stages import Stage
from .workspace import Failure, Run, StageFailed, check_written, copy_inputs, keep, outputs_of, shorten

DISK = "Check the disk's free space and the right to write in the folder of the results; the next run goes on from there."

# Seconds that a stopped stage has to shut its kernel down.
GRACE = 5.0

# One thread, one hash seed and one date, so that the same inputs give the same bytes.
FIXED_ENVIRONMENT = {
    "PYTHONHASHSEED": "0",
    "OMP_NUM_THREADS": "1",
    "OPENBLAS_NUM_THREADS": "1",
    "MKL_NUM_THREADS": "1",
    "NUMEXPR_NUM_THREADS": "1",
    "VECLIB_MAXIMUM_THREADS": "1",
    "SOURCE_DATE_EPOCH": "315532800",
    "JUPYTER_PREFER_ENV_PATH": "1",
    "PYDEVD_DISABLE_FILE_VALIDATION": "1",
}


def kernel_environment(run: Run, out: Path) -> dict[str, str]:
    """Return the environment variables of a kernel of this run."""
    python_path = os.pathsep.join(filter(None, [str(run.root), os.environ.get("PYTHONPATH")]))
    return FIXED_ENVIRONMENT | {
        "PYTHONPATH": python_path,
        # The reader's own IPython start-up files must not change a result.
        "IPYTHONDIR": str(out.parent / "ipython"),
        paths.START_VARIABLE: run.start,
        paths.RAW_VARIABLE: str(run.raw),
        paths.OUT_VARIABLE: str(out),
    }


def run_stage(stage: Stage, run: Run, work: Path, render: bool = False, kernel: dict | None = None) -> None:
    """Run a stage's notebook in `work` and make its outputs there, in the folder ``out``.

    Parameters
    ----------
    stage : Stage
    run : Run
    work : Path
        An empty folder for this stage alone.
    render : bool
        Whether only the text of the notebook has changed: its results are then set in the new text.
    kernel : dict, optional
        Options for papermill that concern the kernel.

    Raises
    ------
    StageFailed
        If the notebook or what follows it failed.
    """
    out = work / "out"
    read = copy_inputs(stage, run, out)
    os.environ |= kernel_environment(run, out)
    sys.path.insert(0, str(run.root))
    if render:
        render_notebook(stage, run, out)
    else:
        if not kernel:
            watch.write_startup_file(stage, run, work / "ipython")
        execute_notebook(stage, run, out, kernel or {})
    if stage.publish:
        try:
            with watch.watching(stage, run):
                entry_point(stage.publish)(out / stage.notebook)
        except Exception as error:
            cause = f"{type(error).__name__}: {error}"
            remedy = f"Correct {stage.publish}, which makes the published files from the executed notebook."
            raise StageFailed(Failure(cause, remedy, kept=keep(out / stage.notebook, run, stage))) from error
    check_written(stage, run, out, read)
    run.failed(stage).unlink(missing_ok=True)


def render_notebook(stage: Stage, run: Run, out: Path) -> None:
    """Set the results of the last run in the new text; no kernel is needed."""
    import nbformat

    from .canonical import canonical
    from .render import rendered

    for path, file in outputs_of(stage, run):
        (out / path).parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(file, out / path)
    executed = out / stage.notebook
    source = nbformat.read(run.root / stage.source, as_version=4)
    notebook = rendered(source, nbformat.read(executed, as_version=4))
    executed.write_text(canonical(notebook), encoding="utf-8")


def execute_notebook(stage: Stage, run: Run, out: Path, kernel: dict) -> None:
    """Run the notebook through papermill and write it in its canonical form."""
    import nbformat
    import papermill
    from papermill.exceptions import PapermillExecutionError

    from .canonical import canonical

    raw_notebook = out.parent / f"{stage.name}.ipynb"
    folders = tuple(sorted({str(path) for path in (out, run.raw, run.out, run.root)}, key=len, reverse=True))
    failure = None
    try:
        papermill.execute_notebook(
            run.root / stage.source,
            raw_notebook,
            parameters={name: run.parameters[name] for name in stage.parameters},
            cwd=run.root / "notebooks",
            kernel_name="python3",
            progress_bar=False,
            request_save_on_cell_execute=False,
            start_timeout=180,
            shutdown_kernel="immediate",
            **kernel,
        )
    except PapermillExecutionError as error:
        cause = f"{error.ename}: {error.evalue}"
        failure = Failure(shorten(cause, folders), remedy(stage, cause, out), cell_name(error))
    except Exception as error:
        # The kernel died or did not start, or the notebook cannot be read: there are no outputs to show.
        cause = f"{type(error).__name__}: {error}"
        advice = f"If the kernel died, memory may be short: try --jobs 1; then open {stage.source} in JupyterLab."
        failure = Failure(shorten(cause, folders), advice)
    executed = out / stage.notebook
    try:
        if raw_notebook.is_file():
            executed.write_text(canonical(nbformat.read(raw_notebook, as_version=4), folders), encoding="utf-8")
    except Exception as error:
        # papermill may have written half of it, on a full disk for example.
        executed.unlink(missing_ok=True)
        cause = f"the executed notebook could not be written whole: {type(error).__name__}"
        failure = failure or Failure(cause, DISK)
    if failure:
        kept = keep(executed, run, stage) if executed.is_file() else None
        raise StageFailed(Failure(failure.cause, failure.remedy, failure.cell, kept))


def cell_name(error) -> str:
    """Name the failed cell so that a reader finds it: its number in the executed notebook and its first line."""
    first = next((line for line in error.source.splitlines() if line.strip() and not line.startswith("#")), "")
    # papermill puts a message at the top of the kept notebook and another one above the failed cell.
    return f"In [{error.exec_count}], cell {error.cell_index + 3} of the kept notebook, that begins: {first[:70]}"


def remedy(stage: Stage, cause: str, out: Path) -> str:
    """Say what to do about an error in a cell."""
    if re.search(r"Errno (28|27|122)\b", cause):
        return DISK
    if watch.SAYS in cause:
        return f"Add the file to {stage.name} in definitions/stages.toml, or take it out of the notebook."
    if str(out) in cause:
        return (
            f"A stage sees only its declared files: add the file to the inputs of {stage.name} in "
            "definitions/stages.toml, or correct its name."
        )
    return "Correct the cell, what it calls or what it reads; the next run goes on from there."


def child(stage: Stage, run: Run, work: Path, report: Connection, render: bool, kernel: tuple | None) -> None:
    """Run a stage as the main function of a process; send ``None`` or the failure to the parent.

    `kernel` is the process, the pipe and the connection file of a kernel that runs already, if there is one.
    """
    # Ctrl-C reaches every process of the terminal; the parent alone decides and sends SIGTERM.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    _die_with_parent()
    # The terminal belongs to the parent; what libraries print goes to a file that a crash report can quote.
    log = os.open(work / "log.txt", os.O_WRONLY | os.O_CREAT | os.O_APPEND)
    os.dup2(log, 1)
    os.dup2(log, 2)
    options = {}
    if kernel:
        from . import warm

        options = warm.use(*kernel)
    try:
        run_stage(stage, run, work, render, options)
        report.send(None)
    except StageFailed as error:
        report.send(error.failure)
    except OSError as error:
        report.send(Failure(str(error), DISK))
    except KeyboardInterrupt:
        # papermill has shut its kernel down on the way here.
        os._exit(130)


def _die_with_parent() -> None:
    """End this process, and so its kernel, when the runner is killed."""
    parent = parent_process()

    def watch() -> None:
        parent.join()
        os.kill(os.getpid(), signal.SIGTERM)
        time.sleep(GRACE)
        os._exit(1)

    if parent is not None:
        threading.Thread(target=watch, daemon=True).start()
