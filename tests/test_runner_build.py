"""The runner runs real notebooks: order, folders, failures, bytes, what is left behind."""

import json
import os
import signal
import subprocess
import sys
import time

import pytest
import toy

from towns_index import paths
from towns_index.runner import cli, display
from towns_index.runner.stages import Stage
from towns_index.runner.workspace import Failure

FILES = {letter: f"data/processed/{letter}.txt" for letter in "abcd"}
FIGURE = """\
import sys, warnings
import matplotlib.pyplot as plt
import pandas as pd
print("to the reader")
print("\\r 50 %", file=sys.stderr)
warnings.warn("a warning stays")
_ = plt.plot([1, 2, 3])"""


@pytest.fixture(autouse=True)
def own_environment(monkeypatch):
    """Leave the variables of the surrounding run out, and put them back afterwards."""
    for variable in (paths.RAW_VARIABLE, paths.OUT_VARIABLE, paths.START_VARIABLE):
        monkeypatch.setenv(variable, "")
    handler = signal.getsignal(signal.SIGTERM)
    yield
    signal.signal(signal.SIGTERM, handler)


def run(root, *options):
    # As each command of a shell does, forget where the run before read and wrote.
    for variable in (paths.RAW_VARIABLE, paths.OUT_VARIABLE, paths.START_VARIABLE):
        os.environ[variable] = ""
    return cli.main(["--start", "raw", *options], root=root)


def text(root, letter):
    return (root / FILES[letter]).read_text()


def test_stages_run_in_order_with_their_parameters(tmp_path, capsys):
    toy.chain(tmp_path)
    assert run(tmp_path, "--set", "low=4", "--jobs", "2") == 0
    assert text(tmp_path, "d") == "4b4c"
    said = capsys.readouterr().out
    assert f"Start: raw bundle in {tmp_path / 'data' / 'raw'}" in said
    assert said.index("done     010_a") < said.index("running  020_b") < said.index("done     040_d")
    assert not list((tmp_path / ".towns-index" / "work").iterdir())


def test_only_and_from_leave_the_rest_alone(tmp_path):
    toy.chain(tmp_path)
    assert run(tmp_path) == 0
    (tmp_path / FILES["a"]).write_text("9")
    assert run(tmp_path, "--only", "020") == 0
    assert [text(tmp_path, letter) for letter in "abcd"] == ["9", "9b", "1c", "1b1c"]
    assert run(tmp_path, "--from", "030_c") == 0
    assert [text(tmp_path, letter) for letter in "abcd"] == ["9", "9b", "9c", "9b9c"]


def test_two_at_a_time_overlap_and_run_in_the_notebooks_folder(tmp_path):
    cell = toy.write("{}", "os.getcwd() + '|' + str(began) + '|' + str(time.time())")
    cells = {
        name: ["import time; began = time.time(); time.sleep(1.5)", cell.replace("{}", FILES[letter])]
        for name, letter in (("010_a", "a"), ("020_b", "b"))
    }
    toy.project(tmp_path, [toy.stage("010_a", [], [FILES["a"]]), toy.stage("020_b", [], [FILES["b"]])], cells)
    assert run(tmp_path, "--jobs", "2") == 0
    (one, began_one, ended_one), (two, began_two, ended_two) = (text(tmp_path, letter).split("|") for letter in "ab")
    assert one == two == str(tmp_path / "notebooks")
    assert float(began_two) < float(ended_one) and float(began_one) < float(ended_two)


def test_executed_notebooks_are_the_same_bytes_on_every_run(tmp_path):
    sources = [
        "# parameters\nlow = 1",
        FIGURE,
        "object()",
        "pd.DataFrame({'a': [1]}).style.set_caption('styled')",
        f"{toy.HOME}print(home, os.environ['TOWNS_INDEX_RAW'], hash('text'))",
    ]
    # Elsewhere, so that a folder's name in an output would show.
    runs = []
    for name in ("one", "another"):
        root = toy.project(tmp_path / name, [toy.stage("010_a", parameters=["low"])], {"010_a": sources})
        raw = tmp_path / f"raw of {name}"
        raw.mkdir()
        for kernels in ("warm", "ordinary"):
            assert run(root, "--set", "low=2", "--raw", str(raw), "--force", "--kernels", kernels) == 0
            runs.append((root / "reports" / "notebooks" / "010_a.ipynb").read_bytes())
    assert runs[0] == runs[1] == runs[2] == runs[3]
    notebook = json.loads(runs[0])
    assert notebook["metadata"]["papermill"] == {"parameters": {"low": 2}}
    assert notebook["metadata"]["kernelspec"]["name"] == "python3"
    shown = runs[0].decode()
    assert "image/png" in shown and "a warning stays" in shown and "to the reader" in shown
    printed = [output for cell in notebook["cells"] if cell["cell_type"] == "code" for output in cell["outputs"]]
    assert not any("50 %" in "".join(output.get("text", "")) for output in printed)


def test_a_failed_stage_is_told_plainly_and_changes_nothing_published(tmp_path, capsys):
    toy.chain(tmp_path)
    assert run(tmp_path) == 0
    before = {path: path.read_bytes() for path in tmp_path.glob("[dr]*/*/*.*") if "raw" not in path.parts}
    capsys.readouterr()
    broken = [toy.write(FILES["b"], "'half'"), "# why\nraise ValueError('the towns\\nare lost')"]
    rewrite_notebook(tmp_path, "020_b", broken)
    assert run(tmp_path, "--set", "low=3", "--jobs", "1") == 1
    said = capsys.readouterr().out
    told = said[said.index("FAILED") :]
    assert len(told.splitlines()) <= 15
    for part in (
        "020_b: Stage 020_b",
        "notebooks/020_b.ipynb",
        "In [2]",
        "raise ValueError",
        "ValueError: the towns",
        "are lost",
        "the next run goes on from there",
        ".towns-index/failed/020_b.ipynb",
        "Not run, because they build on what failed: 040_d",
    ):
        assert part in told
    # What was published is as it was, whole; the branch beside the failed stage has been finished and waits.
    assert {path: path.read_bytes() for path in before} == before
    assert (tmp_path / ".towns-index" / "staged" / "files" / FILES["c"]).read_text() == "3c"
    kept = json.loads((tmp_path / ".towns-index" / "failed" / "020_b.ipynb").read_text())
    assert kept["cells"][number_of_cell(told) - 1]["outputs"][-1]["ename"] == "ValueError"
    # After the correction the kept notebook is gone.
    rewrite_notebook(tmp_path, "020_b", [toy.write(FILES["b"], "'whole'")])
    assert run(tmp_path, "--set", "low=3") == 0
    said = capsys.readouterr().out
    assert "fresh    030_c" in said and "done     020_b" in said
    assert text(tmp_path, "d") == "whole3c"
    assert not (tmp_path / ".towns-index" / "failed" / "020_b.ipynb").exists()


def rewrite_notebook(root, name, sources):
    """Replace the cells of one notebook."""
    scratch = toy.project(root / "scratch", [], {name: sources})
    os.replace(scratch / "notebooks" / f"{name}.ipynb", root / "notebooks" / f"{name}.ipynb")


def number_of_cell(told):
    return int(told.split("cell ", 2)[-1].split(" of")[0].split()[-1])


@pytest.mark.parametrize(
    ("source", "said"),
    [
        (toy.write("data/processed/x.txt", "'x'"), "x.txt was written and is not declared"),
        ("pass", "b.txt is declared as an output and was not written"),
        (toy.write(FILES["b"], toy.read(FILES["c"])), "A stage sees only its declared files"),
        (toy.write(FILES["b"], "''") + "\n" + toy.write(FILES["a"], "''"), "a.txt is an input and was changed"),
        ("import os; os._exit(3)", "DeadKernel"),
    ],
)
def test_a_stage_must_do_what_it_declares(tmp_path, capsys, source, said):
    toy.chain(tmp_path)
    for letter, content in (("a", "1"), ("b", "1b"), ("c", "1c")):
        (tmp_path / FILES[letter]).write_text(content)
    rewrite_notebook(tmp_path, "020_b", [source])
    assert run(tmp_path, "--only", "020_b") == 1
    assert said in capsys.readouterr().out
    assert text(tmp_path, "b") == "1b"


def test_publish_makes_files_from_the_executed_notebook(tmp_path, capsys):
    entry = toy.stage("010_a", [], ["reports/page.txt"], publish="toy_publisher:page")
    toy.project(tmp_path, [entry], {"010_a": ["print(6 * 7)"]})
    module = tmp_path / "toy_publisher.py"
    module.write_text("def page(path):\n    (path.parents[1] / 'page.txt').write_text(path.read_text()[-9999:])\n")
    assert run(tmp_path) == 0
    assert "42" in (tmp_path / "reports" / "page.txt").read_text()
    assert "reports/page.txt" in capsys.readouterr().out
    module.write_text("def page(path):\n    raise ValueError('no paper')\n")
    assert run(tmp_path) == 1
    assert "no paper" in capsys.readouterr().out
    assert "42" in (tmp_path / "reports" / "page.txt").read_text()


def test_everything_wrong_is_told_before_a_kernel_starts(tmp_path, capsys):
    toy.chain(tmp_path)
    options = ["--set", "lwo=3", "--only", "020_x", "--jobs", "none", "--ony", "x", "--raw", str(tmp_path / "nowhere")]
    assert run(tmp_path, *options) == 2
    said = capsys.readouterr().err
    assert "5 problems" in said
    for part in ("'low'", "'020_b'", "--jobs none", "'--only'", "nowhere does not exist"):
        assert part in said
    assert not (tmp_path / ".towns-index").exists()


def test_a_setting_that_no_stage_uses_is_refused(tmp_path, capsys):
    toy.chain(tmp_path)
    assert run(tmp_path, "--set", "share=0.1") == 2
    assert "would change nothing" in capsys.readouterr().err


def test_the_projects_own_checks_are_asked_first(tmp_path, capsys, monkeypatch):
    toy.project(tmp_path, [toy.stage("010_a")], {"010_a": []}, top='preflight = ["toy_checks:problems"]')
    (tmp_path / "toy_checks.py").write_text("def problems(start, raw):\n    return [f'{start} {raw.name}', 'second']\n")
    monkeypatch.syspath_prepend(tmp_path)
    assert run(tmp_path) == 2
    said = capsys.readouterr().err
    assert "raw raw" in said and "second" in said
    assert not (tmp_path / "reports" / "notebooks").exists()


def test_a_misspelt_command_gets_the_nearest(tmp_path, capsys):
    assert cli.main(["biuld"], root=tmp_path) == 2
    assert "did you mean 'build'?" in capsys.readouterr().err


def test_a_snapshot_start_in_another_folder_begins_with_the_committed_tables(tmp_path, capsys):
    root, out = tmp_path / "project", tmp_path / "results"
    entries = [toy.stage("010_a", [], [FILES["a"]], raw=True), toy.stage("020_b", [FILES["a"]], [FILES["b"]])]
    cells = {
        "010_a": [toy.HOME + f"print({toy.read(FILES['a'])})"],
        "020_b": [toy.write(FILES["b"], toy.read(FILES["a"]))],
    }
    toy.project(root, entries, cells)
    (root / FILES["a"]).write_text("committed")
    assert cli.main(["--start", "snapshot", "--out", str(out)], root=root) == 0
    assert text(out, "b") == "committed"
    assert not (root / FILES["b"]).exists()
    assert "town-level snapshot" in capsys.readouterr().out


@pytest.mark.skipif(os.name != "posix", reason="sends POSIX signals")
@pytest.mark.parametrize("sign", [signal.SIGINT, signal.SIGTERM, signal.SIGKILL])
def test_a_stopped_build_leaves_no_kernel_behind(tmp_path, sign):
    mark = tmp_path / "kernel.pid"
    source = f"import os, time\nopen({str(mark)!r}, 'w').write(str(os.getpid()))\ntime.sleep(120)"
    toy.project(tmp_path, [toy.stage("010_a")], {"010_a": [source]})
    code = "import signal, sys; from pathlib import Path; from towns_index.runner import cli\n"
    # Whoever runs the tests in the background ignores Ctrl-C, and what it starts does too.
    code += "signal.signal(signal.SIGINT, signal.default_int_handler)\n"
    code += "if __name__ == '__main__': sys.exit(cli.main(['--start', 'raw'], root=Path(sys.argv[1])))"
    (tmp_path / "main.py").write_text(code)
    environment = os.environ | {"PYTHONPATH": str(paths.ROOT)}
    quiet = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
    runner = subprocess.Popen([sys.executable, tmp_path / "main.py", tmp_path], env=environment, **quiet)
    try:
        assert wait_until(lambda: mark.exists() and mark.read_text())
        runner.send_signal(sign)
        assert runner.wait(20) == (-signal.SIGKILL if sign == signal.SIGKILL else 130)
    finally:
        runner.kill()
    assert wait_until(lambda: not alive(int(mark.read_text())))


def wait_until(true, seconds=30):
    end = time.monotonic() + seconds
    while time.monotonic() < end and not true():
        time.sleep(0.1)
    return true()


def alive(pid):
    """Whether a process runs; one that has ended and waits to be collected does not."""
    listed = subprocess.run(["ps", "-o", "stat=", "-p", str(pid)], capture_output=True, text=True).stdout.strip()
    return bool(listed) and not listed.startswith("Z")


def test_a_long_cause_is_cut_to_fifteen_lines(tmp_path):
    stage = Stage("010_a", "Title")
    failure = Failure("\n".join(map(str, range(40))), "remedy", "cell", tmp_path)
    assert len(display.describe_failure(stage, failure, tmp_path)) <= 15
