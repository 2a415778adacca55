"""Compare the running Python with the lock file, and make ``.venv`` if something is missing.

Standard library only: this runs before anything is installed. The direct dependencies stand in
``pyproject.toml``, their exact versions and hashes in ``requirements.lock``.
"""

import ast
import hashlib
import importlib.metadata
import operator
import os
import platform
import re
import shutil
import subprocess
import sys
import tomllib
from collections.abc import Mapping, Sequence
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
VENV = ".venv"
STAMP = "requirements.sha256"
LOG = Path(".towns-index", "setup.log")
UNFINISHED = "unfinished"
NEEDED_BYTES = 2_500_000_000
PIP_OPTIONS = ("--no-input", "--disable-pip-version-check", "--progress-bar", "off")
# Run by the new environment's Python: nothing said means that nothing is missing.
CHECK = "import sys; from towns_index.runner.environment import unmet; sys.exit('; '.join(unmet(extra='test')) or 0)"
COMPARE = {
    ast.Eq: operator.eq,
    ast.NotEq: operator.ne,
    ast.Lt: operator.lt,
    ast.LtE: operator.le,
    ast.Gt: operator.gt,
    ast.GtE: operator.ge,
}


# What a failed step says, and what that means.
CAUSES = {
    "No space left on device|Errno 28|not enough space": (
        "The disk is full. Make room (about 2.5 GB), then run again."
    ),
    "ensurepip is not": (
        "This Python cannot make environments. On Debian or Ubuntu: sudo apt install python3-venv"
    ),
    "DO NOT MATCH THE HASHES": (
        "A downloaded package is not the one in requirements.lock. Run again; if it happens again, the package "
        "index delivers altered files: do not use it."
    ),
    "Temporary failure in name resolution|Failed to establish|ConnectionError|Connection refused|timed out"
    "|Network is unreachable|getaddrinfo failed|ProxyError|SSLError|Connection broken": (
        "The package index cannot be reached. Check the network (and proxy) of this computer, then run again."
    ),
    "No matching distribution|Could not find a version": (
        "The package index does not have a package in the version that requirements.lock names, or has none for "
        "this system (64-bit Linux, macOS and Windows are covered)."
    ),
    "Permission denied|Errno 13|Access is denied": (
        "Not allowed to write in the project's folder. Copy it to a folder of yours."
    ),
}


class SetUpFailed(Exception):
    """The environment could not be made; the message says why and what to do."""


# What is wanted, and what is there ---------------------------------------------------------------


def normal(name: str) -> str:
    """Return a package's name as package indexes compare it."""
    return re.sub(r"[-_.]+", "-", name).lower()


def direct_dependencies(root: Path, extra: str | None = None) -> list[str]:
    """Return the names of the direct dependencies in ``pyproject.toml``, with those of one extra."""
    with open(root / "pyproject.toml", "rb") as file:
        project = tomllib.load(file)["project"]
    wanted = project["dependencies"] + (project["optional-dependencies"][extra] if extra else [])
    return [normal(re.match(r"[\w.-]+", requirement)[0]) for requirement in wanted]


def marker_environment() -> dict[str, str]:
    """Return what the markers in a lock file may ask about the running Python."""
    return {
        "python_full_version": platform.python_version(),
        "python_version": ".".join(platform.python_version_tuple()[:2]),
        "implementation_name": sys.implementation.name,
        "platform_python_implementation": platform.python_implementation(),
        "sys_platform": sys.platform,
        "os_name": os.name,
        "platform_system": platform.system(),
        "platform_machine": platform.machine(),
    }


def holds(marker: str, environment: Mapping[str, str]) -> bool:
    """Evaluate an environment marker, which happens to be written as a Python expression.

    Examples
    --------
    >>> holds("python_full_version >= '3.12' and os_name != 'nt'", {"python_full_version": "3.9.1", "os_name": "nt"})
    False
    """
    return _value(ast.parse(marker.strip(), mode="eval").body, environment)


def _value(node: ast.expr, environment: Mapping[str, str]) -> bool:
    if isinstance(node, ast.BoolOp):
        combine = all if isinstance(node.op, ast.And) else any
        return combine(_value(part, environment) for part in node.values)
    name, wanted = node.left.id, node.comparators[0].value
    found, compare = environment[name], COMPARE[type(node.ops[0])]
    if wanted.endswith(".*"):
        return compare(found.split(".")[: wanted.count(".")], wanted.split(".")[:-1])
    if "version" in name:
        return compare(_version(found), _version(wanted))
    return compare(found, wanted)


def _version(text: str) -> list[int]:
    """Return a version as numbers, without zeros at the end: 3.12 and 3.12.0 are the same."""
    numbers = [int(number) for number in re.findall(r"\d+", text)[:3]]
    while numbers and numbers[-1] == 0:
        numbers.pop()
    return numbers


def locked_versions(lock: str, environment: Mapping[str, str]) -> dict[str, str]:
    """Return the version of every package that the text of a lock file pins for an environment."""
    versions = {}
    for line in re.findall(r"^[A-Za-z0-9].*$", lock, flags=re.MULTILINE):
        requirement, _, marker = line.rstrip("\\ ").partition(";")
        name, _, version = requirement.partition("==")
        if not marker.strip() or holds(marker, environment):
            versions[normal(name.strip())] = version.strip()
    return versions


def unmet(root: Path = ROOT, extra: str | None = None) -> list[str]:
    """List the direct dependencies that the running Python lacks, or has in another version."""
    locked = locked_versions((root / "requirements.lock").read_text(encoding="utf-8"), marker_environment())
    lacking = []
    for name in direct_dependencies(root, extra):
        try:
            found = importlib.metadata.version(name)
        except importlib.metadata.PackageNotFoundError:
            found = None
        if found is None or found != locked.get(name):
            lacking.append(f"{name} {locked.get(name, '(not in the lock)')}, here {found or 'missing'}")
    return lacking


# Setting it up -----------------------------------------------------------------------------------


def ensure(arguments: Sequence[str], root: Path = ROOT) -> int | None:
    """Go on in an environment that has what the project needs.

    Returns
    -------
    int or None
        None if the running Python is right. Otherwise this does not return (the command starts again
        with the Python of ``.venv``) or, where a process cannot be replaced, returns its exit status.
    """
    lacking = unmet(root, "test" if arguments[:1] == ["test"] else None)
    if not lacking:
        return None
    python = venv_python(root / VENV)
    inside = Path(sys.prefix).resolve() == (root / VENV).resolve()
    try:
        if inside or not is_ready(root):
            set_up(root, lacking)
    except SetUpFailed as error:
        print(f"\nThe environment could not be made.\n{error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("\nStopped. The next run will begin the set-up afresh.", file=sys.stderr)
        return 130
    command = [str(python), str(root / "run_all.py"), *arguments]
    sys.stdout.flush()
    if os.name == "posix":
        os.execv(command[0], command)
    return subprocess.call(command)


def venv_python(venv: Path) -> Path:
    """Return the Python of a virtual environment."""
    return venv / ("Scripts/python.exe" if os.name == "nt" else "bin/python")


def lock_digest(root: Path) -> str:
    """Return the sha256 of the lock file."""
    return hashlib.sha256((root / "requirements.lock").read_bytes()).hexdigest()


def stamp(root: Path) -> str:
    """Return what ``.venv`` says of itself: a lock's digest, ``unfinished``, or nothing."""
    path = root / VENV / STAMP
    return path.read_text(encoding="utf-8").strip() if path.is_file() else ""


def is_ready(root: Path) -> bool:
    """Whether ``.venv`` was completely made from the lock file as it is now."""
    return venv_python(root / VENV).exists() and stamp(root) == lock_digest(root)


def set_up(root: Path, lacking: Sequence[str]) -> None:
    """Make or repair ``.venv`` from the lock file.

    Raises
    ------
    SetUpFailed
        With what went wrong and what to do, in plain words.
    """
    venv = root / VENV
    python = venv_python(venv)
    print(f"This Python ({sys.executable}) lacks {len(lacking)} of the packages that the project uses.")
    if shutil.disk_usage(root).free < NEEDED_BYTES:
        raise SetUpFailed(f"The disk of {root} has less than {NEEDED_BYTES / 1e9:.1f} GB free. Make room first.")
    try:
        # A set-up that was interrupted may have left packages in pieces: begin afresh.
        if stamp(root) == UNFINISHED or not _works(python):
            print(f"Making an environment of its own in {venv} (once; 1 to 3 minutes; nothing else is changed).")
            # Never with the Python of the folder that is being cleared.
            _run([sys._base_executable, "-m", "venv", "--clear", str(venv)], root)
        else:
            print(f"Bringing the environment in {venv} up to date with requirements.lock.")
        (venv / STAMP).write_text(UNFINISHED, encoding="utf-8")
        total = len(locked_versions((root / "requirements.lock").read_text(encoding="utf-8"), marker_environment()))
        pip = [str(python), "-m", "pip", "install", *PIP_OPTIONS]
        _run([*pip, "--require-hashes", "-r", str(root / "requirements.lock")], root, total)
        _run([*pip, "--no-deps", "--no-build-isolation", "-e", str(root)], root)
        _run([str(python), "-c", CHECK], root)
        (venv / STAMP).write_text(lock_digest(root), encoding="utf-8")
    except OSError as error:
        raise SetUpFailed(f"{error}\nCheck the right to write in {root} and the free space of its disk.") from error
    print("The environment is ready.\n")


def _works(python: Path) -> bool:
    """Whether there is a Python with pip."""
    if not python.exists():
        return False
    return subprocess.run([str(python), "-m", "pip", "--version"], capture_output=True).returncode == 0


def _run(command: Sequence[str], root: Path, total: int = 0) -> None:
    """Run a step of the set-up; show how many of `total` packages have been found; explain a failure."""
    lines, found = [], set()
    read_text = {"text": True, "encoding": "utf-8", "errors": "replace"}
    with subprocess.Popen(command, cwd=root, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, **read_text) as process:
        for line in process.stdout:
            lines.append(line.rstrip())
            package = re.match(r"(?:Collecting|Processing|Requirement already satisfied:) (\S+)", line)
            if total and package and package[1] not in found:
                found.add(package[1])
                _progress(len(found), total)
            elif total and line.startswith("Installing collected packages"):
                print("\n  all found; installing them (the longer half)", flush=True)
    if process.returncode:
        log = root / LOG
        log.parent.mkdir(exist_ok=True)
        log.write_text("\n".join([*lines, ""]), encoding="utf-8")
        raise SetUpFailed(f"{explain(lines)}\nAll that was said: {log}")


def _progress(found: int, total: int) -> None:
    """Count on one line in a terminal, in a few lines elsewhere."""
    if sys.stdout.isatty():
        print(f"\r  {found} of {total} packages found", end="", flush=True)
    elif found % 50 == 0:
        print(f"  {found} of {total} packages found", flush=True)


def explain(log: Sequence[str]) -> str:
    """Say in plain words why a step of the set-up failed.

    Parameters
    ----------
    log : sequence of str
        What the step printed.
    """
    text = "\n".join(log)
    plain = next((words for pattern, words in CAUSES.items() if re.search(pattern, text)), "A step of it failed.")
    errors = [line for line in log if "ERROR" in line or "Error:" in line] or [line for line in log if line.strip()]
    return "\n".join([plain, *(f"    {line.strip()[:200]}" for line in errors[-3:])])
