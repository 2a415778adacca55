"""The command line: reads what is asked and hands it to the part that does it."""

import os
import signal
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

from towns_index import paths

from .arguments import COMMANDS, ENTRY_POINTS, split_command
from .build import build, status
from .problems import Problems, entry_point, unknown


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
        return _carry_out(command, rest, root)
    except Problems as error:
        count = len(error.lines)
        print(f"Nothing has been run: {count} problem{'s' if count > 1 else ''} to put right first.", file=sys.stderr)
        print("\n".join(f"  - {line}" for line in error.lines), file=sys.stderr)
        print("See: python run_all.py --help", file=sys.stderr)
        return 2
    except OSError as error:
        print(f"Stopped: {error}", file=sys.stderr)
        print("Check the disk's free space and the right to write there, then run again.", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("\nStopped. What had been published before is as it was; the next run goes on from here.", file=sys.stderr)
        return 130


def _carry_out(command: str, rest: list[str], root: Path) -> int:
    if command == "build":
        return build(rest, root)
    if command == "status":
        return status(rest, root)
    if command == "verify":
        from .verify import verify

        return verify(rest, root)
    if command == "compare":
        from .operands import compare

        return compare(rest, root)
    if command == "test":
        return _python(["-m", "pytest", *rest], root)
    if command == "lab":
        return lab(rest, root)
    if command in ENTRY_POINTS:
        return entry_point(ENTRY_POINTS[command])(rest) or 0
    raise Problems([unknown("command", command, COMMANDS)])


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
