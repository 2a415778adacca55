"""The front door decides rightly whether an environment has to be made; one list of dependencies."""

import ast
import re
import subprocess
import sys

import pytest

from towns_index import paths
from towns_index.runner import arguments, cli, environment

LINUX_311 = {
    "python_full_version": "3.11.7",
    "sys_platform": "linux",
    "os_name": "posix",
    "implementation_name": "cpython",
}
LOCK = """\
numpy==2.4.6 ; python_full_version < '3.12' \\
    --hash=sha256:aa
numpy==2.5.5 ; python_full_version >= '3.12' \\
    --hash=sha256:bb
Scikit_Learn==1.9.1 \\
    --hash=sha256:cc
colorama==0.4.6 ; sys_platform == 'win32' \\
    --hash=sha256:dd
"""
PROJECT = """\
[project]
dependencies = ["numpy>=2", "scikit-learn>=1.6"]
[project.optional-dependencies]
test = ["pytest>=8"]
"""


@pytest.mark.parametrize(
    ("marker", "python", "true"),
    [
        ("python_full_version < '3.12'", "3.11.7", True),
        ("python_full_version < '3.12'", "3.12.0", False),
        ("python_full_version >= '3.9'", "3.11.7", True),
        ("python_full_version == '3.12.*'", "3.12.4", True),
        ("python_full_version == '3.12.*'", "3.1.4", False),
        ("python_full_version < '3.11.5'", "3.11.15", False),
        ("os_name != 'nt' or (sys_platform != 'emscripten' and sys_platform != 'win32')", "3.11.7", True),
        ("sys_platform != 'win32' and os_name == 'nt'", "3.11.7", False),
    ],
)
def test_markers(marker, python, true):
    assert environment.holds(marker, LINUX_311 | {"python_full_version": python}) is true


def test_the_lock_is_read_for_the_running_python():
    assert environment.locked_versions(LOCK, LINUX_311) == {"numpy": "2.4.6", "scikit-learn": "1.9.1"}
    newer = environment.locked_versions(LOCK, LINUX_311 | {"python_full_version": "3.13.1"})
    assert newer["numpy"] == "2.5.5"


@pytest.fixture
def project(tmp_path, monkeypatch):
    """A small project, and a Python that has what the lock names."""
    (tmp_path / "pyproject.toml").write_text(PROJECT)
    (tmp_path / "requirements.lock").write_text(LOCK + "pytest==9.2.0 \\\n")
    installed = {"numpy": "2.4.6", "scikit-learn": "1.9.1", "pytest": "9.2.0"}

    def version(name):
        if name not in installed:
            raise environment.importlib.metadata.PackageNotFoundError(name)
        return installed[name]

    monkeypatch.setattr(environment.importlib.metadata, "version", version)
    monkeypatch.setattr(environment, "marker_environment", lambda: LINUX_311)
    return tmp_path, installed


def test_a_right_environment_is_left_alone(project, monkeypatch):
    root, _ = project
    monkeypatch.setattr(environment, "set_up", lambda *_: pytest.fail("made an environment for nothing"))
    assert environment.ensure([], root) is None
    assert environment.ensure(["test"], root) is None
    assert not (root / environment.VENV).exists()


def test_a_missing_or_other_version_is_noticed(project):
    root, installed = project
    installed["numpy"] = "2.4.5"
    assert environment.unmet(root) == ["numpy 2.4.6, here 2.4.5"]
    del installed["numpy"], installed["pytest"]
    assert environment.unmet(root) == ["numpy 2.4.6, here missing"]
    assert environment.unmet(root, "test") == ["numpy 2.4.6, here missing", "pytest 9.2.0, here missing"]


def test_an_environment_is_ready_only_if_complete_and_of_this_lock(project):
    root, _ = project
    assert not environment.is_ready(root)
    python = environment.venv_python(root / environment.VENV)
    python.parent.mkdir(parents=True)
    python.touch()
    stamp = root / environment.VENV / environment.STAMP
    stamp.write_text(environment.UNFINISHED)
    assert not environment.is_ready(root)
    stamp.write_text(environment.lock_digest(root))
    assert environment.is_ready(root)
    (root / "requirements.lock").write_text(LOCK + "# changed\n")
    assert not environment.is_ready(root)


def test_an_interrupted_set_up_begins_afresh_and_a_complete_one_is_stamped(project, monkeypatch):
    root, _ = project
    ran = []

    def step(command, *_):
        ran.append(" ".join(command))
        (root / environment.VENV).mkdir(exist_ok=True)
        if "-r" in command and len(ran) == 2:
            raise KeyboardInterrupt

    monkeypatch.setattr(environment, "_run", step)
    monkeypatch.setattr(environment, "_works", lambda python: python.parent.parent.exists())
    with pytest.raises(KeyboardInterrupt):
        environment.set_up(root, ["numpy"])
    assert environment.stamp(root) == environment.UNFINISHED
    environment.set_up(root, ["numpy"])
    assert "venv --clear" in ran[0] and "venv --clear" in ran[2]
    assert "--require-hashes" in ran[3]
    assert environment.stamp(root) == environment.lock_digest(root)
    environment.set_up(root, ["numpy"])
    assert sum("venv --clear" in command for command in ran) == 2


@pytest.mark.parametrize(
    ("said", "plain"),
    [
        ("ERROR: Could not install packages due to an OSError: [Errno 28] No space left on device", "disk is full"),
        ("[Errno -3] Temporary failure in name resolution", "cannot be reached"),
        ("ERROR: THESE PACKAGES DO NOT MATCH THE HASHES FROM THE REQUIREMENTS FILE.", "not the one in requirements.lock"),
        ("ERROR: No matching distribution found for numpy==2.4.6", "does not have a package"),
        ("The virtual environment was not created because ensurepip is not available", "python3-venv"),
    ],
)
def test_a_failed_set_up_is_explained(said, plain):
    assert plain in environment.explain(["Collecting numpy", said])


def test_help_status_and_misspelt_commands_need_no_environment():
    assert not any(arguments.needs_environment(argv) for argv in (["--help"], ["build", "-h"], ["status"], ["biuld"]))
    assert all(arguments.needs_environment(argv) for argv in ([], ["--jobs", "1"], ["test", "-h"], ["lab"], ["fetch"]))


def test_the_front_door_needs_only_the_standard_library():
    code = "import sys; sys.modules.update(dict.fromkeys(['papermill', 'nbformat', 'nbclient', 'rich', 'pandas']))\n"
    code += "from towns_index.runner import cli, environment; cli.main(['status']); cli.main(['--help'])"
    done = subprocess.run([sys.executable, "-S", "-c", code], cwd=paths.ROOT, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert "min_population" in done.stdout


def test_the_front_door_parses_under_old_pythons():
    tree = ast.parse((paths.ROOT / "run_all.py").read_text(encoding="ascii"), feature_version=(3, 4))
    assert not [node for node in ast.walk(tree) if isinstance(node, (ast.JoinedStr, ast.AnnAssign, ast.NamedExpr))]


def test_the_runner_knows_nothing_of_towns():
    allowed = {"papermill", "nbformat", "nbclient", "jupyter_client", "traitlets", "ipykernel", "rich", "filelock", "rocrate", "matplotlib", "towns_index"} | set(sys.stdlib_module_names)
    for path in (paths.ROOT / "towns_index" / "runner").glob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.ImportFrom) and node.level == 0:
                assert node.module.split(".")[0] in allowed, path
                if node.module == "towns_index":
                    assert {alias.name for alias in node.names} <= {"paths", "files"}, path
                assert not node.module.startswith("towns_index."), path
            if isinstance(node, ast.Import):
                assert {alias.name.split(".")[0] for alias in node.names} <= allowed - {"towns_index"}, path


# One list of dependencies -------------------------------------------------------------------------

LOCK_TEXT = (paths.ROOT / "requirements.lock").read_text(encoding="utf-8")


@pytest.mark.parametrize("python", ["3.11.0", "3.11.7", "3.12.9", "3.13.5"])
@pytest.mark.parametrize("system", [("linux", "posix"), ("darwin", "posix"), ("win32", "nt")])
def test_the_lock_pins_every_direct_dependency_once(python, system):
    where = dict(zip(("python_full_version", "sys_platform", "os_name"), (python, *system), strict=True))
    where = environment.marker_environment() | where
    locked = environment.locked_versions(LOCK_TEXT, where)
    direct = environment.direct_dependencies(paths.ROOT, "test")
    assert len(direct) == len(set(direct))
    assert set(direct) <= set(locked)


def test_the_lock_satisfies_the_bounds_in_pyproject():
    import tomllib

    project = tomllib.loads((paths.ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    locked = environment.locked_versions(LOCK_TEXT, environment.marker_environment())
    for requirement in project["dependencies"] + project["optional-dependencies"]["test"]:
        name, least = requirement.split(">=")
        assert environment._version(locked[environment.normal(name)]) >= environment._version(least), requirement


def test_the_lock_has_hashes_and_no_addresses():
    blocks = re.split(r"\n(?=[A-Za-z0-9])", LOCK_TEXT.strip())
    assert all("--hash=sha256:" in block for block in blocks)
    assert "://" not in LOCK_TEXT and "--index" not in LOCK_TEXT and "--find-links" not in LOCK_TEXT


def test_environment_yml_names_no_package_of_its_own():
    lines = (paths.ROOT / "environment.yml").read_text(encoding="utf-8").splitlines()
    listed = [line.strip() for line in lines if line.strip().startswith("- ")]
    assert listed == ["- conda-forge", "- python >=3.11", "- pip", "- pip:", "- --requirement requirements.lock"]
    pyproject = (paths.ROOT / "pyproject.toml").read_text(encoding="utf-8")
    assert 'requires-python = ">=3.11"' in pyproject


def test_jupyterlab_is_opened_on_this_computer_only_with_its_token(monkeypatch):
    asked = []
    monkeypatch.setattr(cli, "_python", lambda words, root: asked.extend(words) or 0)
    assert cli.main(["lab", "--no-browser"]) == 0
    assert asked[:2] == ["-m", "jupyterlab"] and asked[-1] == "--no-browser"
    assert "--ServerApp.ip=127.0.0.1" in asked
    assert not any("token" in word or "password" in word or "allow_remote" in word for word in asked)
