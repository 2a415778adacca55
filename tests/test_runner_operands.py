"""What is compared is found, unpacked or built first."""

import os
import shutil
import signal
import subprocess

import pytest
import toy

from towns_index import paths
from towns_index.runner import cli, operands
from towns_index.runner.problems import Problems

A = "data/processed/a.txt"


@pytest.fixture
def site(tmp_path, monkeypatch):
    """A built project; what is handed over for comparison is noted instead of compared."""
    for variable in (paths.RAW_VARIABLE, paths.OUT_VARIABLE, paths.START_VARIABLE):
        monkeypatch.setenv(variable, "")
    handler = signal.getsignal(signal.SIGTERM)
    root = tmp_path / "project"
    entries = [toy.stage("010_a", [], [A], parameters=["low"]), toy.stage("020_b", [], ["data/processed/b.txt"])]
    cells = {"010_a": ["# parameters\nlow = 1", toy.write(A, "str(low)")], "020_b": [toy.write("data/processed/b.txt", "'b'")]}
    toy.project(root, entries, cells)
    (root / "toy_compare.py").write_text("def report(*given):\n    print(repr(given[2:]))\n    return 1\n")
    monkeypatch.syspath_prepend(root)
    monkeypatch.setattr(operands, "REPORT", "toy_compare:report")
    assert cli.main(["--start", "raw"], root=root) == 0
    yield root
    signal.signal(signal.SIGTERM, handler)


def compare(root, *words):
    for variable in (paths.RAW_VARIABLE, paths.OUT_VARIABLE, paths.START_VARIABLE):
        os.environ[variable] = ""
    return cli.main(["compare", *words], root=root)


def test_settings_are_built_from_what_is_here(site, capsys):
    assert compare(site, "here", "low=3", "--start", "raw", "--json", "--page", "page.html") == 1
    said = capsys.readouterr()
    assert "'low': 1" in said.out and "'low': 3" in said.out and "page.html" in said.out and "True" in said.out
    assert "the results here" in said.out and said.out.count("\n") == 1  # nothing but the comparison
    assert "done     010_a" in said.err and "fresh    020_b" in said.err
    assert (site / ".towns-index" / "compared" / "low-3" / A).read_text() == "3"
    assert (site / A).read_text() == "1"


def test_a_folder_of_results_is_taken_as_it_is(site, tmp_path, capsys):
    copy = tmp_path / "copy"
    shutil.copytree(site / "data", copy / "data")
    assert compare(site, str(copy), "here") == 1
    assert str(copy) in capsys.readouterr().out


@pytest.mark.skipif(not shutil.which("git"), reason="git is not installed")
def test_a_revision_is_unpacked(site, capsys):
    git = ["git", "-C", str(site), "-c", "user.name=n", "-c", "user.email=e@example.org"]
    for words in (["init", "-q"], ["add", "-f", A], ["commit", "-qm", "one"], ["tag", "edition-1"]):
        subprocess.run([*git, *words], check=True)
    (site / A).write_text("9")
    assert compare(site, "edition-1", "here") == 1
    assert "revision edition-1" in capsys.readouterr().out
    (folder,) = (path for path in (site / ".towns-index" / "compared").iterdir())
    assert (folder / A).read_text() == "1"


@pytest.mark.parametrize("text", ["nowhere", "--version", "lwo=3", "low=x"])
def test_what_cannot_be_compared_is_told(site, capsys, text):
    assert compare(site, "here", "--start", "raw", text) == 2
    assert "to put right first" in capsys.readouterr().err


def test_one_operand_is_not_enough(site, capsys):
    assert compare(site, "here") == 2
    assert "B" in capsys.readouterr().err


def test_a_failed_build_is_not_compared(site, monkeypatch):
    monkeypatch.setattr(operands, "build", lambda *_: 1)
    with pytest.raises(Problems, match="nothing to compare"):
        operands.resolve("low=3", site, [])
