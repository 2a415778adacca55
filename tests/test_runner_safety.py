"""Results appear whole or not at all; notebooks open only what their stage declares."""

import json
import os
import signal
import subprocess
import sys

import pytest
import toy

from towns_index import files, paths
from towns_index.runner import cli, parameters, records, stages, staging, warm, watch
from towns_index.runner.digests import Digests
from towns_index.runner.problems import Problems
from towns_index.runner.workspace import Run

FOLDER = "reports/figures/010_a/"
ONE = "data/processed/a.txt"


@pytest.fixture(autouse=True)
def own_environment(monkeypatch):
    for variable in (paths.RAW_VARIABLE, paths.OUT_VARIABLE, paths.START_VARIABLE):
        monkeypatch.setenv(variable, "")
    handler = signal.getsignal(signal.SIGTERM)
    yield
    signal.signal(signal.SIGTERM, handler)
    watch.stop()


def build(root, *options):
    for variable in (paths.RAW_VARIABLE, paths.OUT_VARIABLE, paths.START_VARIABLE):
        os.environ[variable] = ""
    return cli.main(["--start", "raw", *options], root=root)


# publishing ---------------------------------------------------------------------------------------


@pytest.fixture
def site(tmp_path):
    """A stage with a file, a folder of figures and a notebook; its old results are published."""
    toy.project(tmp_path, [toy.stage("010_a", [], [ONE, FOLDER])], {"010_a": []})
    (stage,) = stages.load(tmp_path, parameters.load(tmp_path)).stages
    run = Run(tmp_path, tmp_path, tmp_path / "data" / "raw", "raw")
    digests = Digests(run.state / "digests.json")
    put(stage, run, {ONE: "old", f"{FOLDER}x.txt": "old", f"{FOLDER}gone.txt": "old", stage.notebook: "old"})
    staging.publish(run, [stage], digests)
    return stage, run, digests


def put(stage, run, contents):
    """Stage results as a build does."""
    out = run.work / stage.name / "out"
    for path, text in contents.items():
        files.write_text(text, out / path)
    outputs = {path: files.sha256(out / path) for path in contents}
    staging.take(stage, run, out, {"stage": stage.name, "basis": {}, "outputs": outputs})


def published(run):
    found = [file for folder in ("data/processed", "reports") for file in (run.out / folder).rglob("*") if file.is_file()]
    return {file.relative_to(run.out).as_posix(): file.read_text() for file in found if file.name != "SHA256SUMS"}


NEW = {ONE: "new", f"{FOLDER}x.txt": "new", f"{FOLDER}more.txt": "new", "reports/notebooks/010_a.ipynb": "new"}


def test_what_is_published_replaces_all_that_was(site):
    stage, run, digests = site
    put(stage, run, NEW)
    assert published(run)[ONE] == "old"  # staged results are not yet to be seen
    staging.publish(run, [stage], digests)
    assert published(run) == NEW
    assert not run.mark.exists() and not run.staged.exists()


def test_publishing_cut_off_anywhere_is_completed_by_the_next_run(site, monkeypatch):
    stage, run, digests = site
    number = 0
    while True:
        put(stage, run, {path: f"new {number}" for path in NEW})
        calls = iter(range(number))

        def stop_after(real):
            def stopped(*arguments, **more):
                if next(calls, None) is None:
                    raise KeyboardInterrupt
                return real(*arguments, **more)

            return stopped

        with monkeypatch.context() as patch:
            for owner, name in ((os, "replace"), (staging.shutil, "rmtree"), (staging.Path, "unlink")):
                patch.setattr(owner, name, stop_after(getattr(owner, name)))
            try:
                staging.publish(run, [stage], digests)
                stopped = False
            except KeyboardInterrupt:
                stopped = True
        staging.recover(run, [stage], digests)
        staging.publish(run, [stage], digests)
        assert published(run) == {path: f"new {number}" for path in NEW}
        assert records.recorded(stage, run)["outputs"][ONE] == files.sha256(run.out / ONE)
        if not stopped:
            break
        number += 1
    assert number > 6  # it was cut off at every step


def test_a_build_killed_before_publishing_leaves_what_was_there(site):
    stage, run, digests = site
    before = published(run)
    put(stage, run, NEW)
    (run.staged / "data/processed/half.txt").write_text("of a stage that had not ended")
    said = staging.recover(run, [stage], digests)
    assert "1 of its stages" in said
    assert published(run) == before
    assert not (run.staged / "data/processed/half.txt").exists()


def test_the_manifest_agrees_with_sha256sum(site):
    _, run, _ = site
    lines = (run.out / staging.MANIFEST).read_text().splitlines()
    assert lines == [f"{files.sha256(run.out / path)}  {path}" for path in sorted(published(run))]


def test_a_second_build_in_the_same_folder_is_refused(tmp_path, capsys):
    toy.chain(tmp_path)
    with staging.lock(Run(tmp_path, tmp_path, tmp_path, "raw")):
        code = "import sys; from pathlib import Path; from towns_index.runner import cli\n"
        code += "sys.exit(cli.main(['--start', 'raw'], root=Path(sys.argv[1])))"
        other = subprocess.run([sys.executable, "-c", code, tmp_path], capture_output=True, text=True, cwd=paths.ROOT)
    assert other.returncode == 2
    assert "another build is at work" in other.stderr and "--out" in other.stderr
    assert build(tmp_path) == 0  # the lock has gone with its holder


@pytest.mark.skipif(os.name != "posix", reason="limits the size of files as POSIX systems do")
def test_a_disk_that_takes_no_more_is_told_and_changes_nothing(tmp_path):
    toy.project(tmp_path, [toy.stage("010_a", [], [ONE])], {"010_a": [toy.write(ONE, "'small'")]})
    assert build(tmp_path) == 0
    before = published(Run(tmp_path, tmp_path, tmp_path, "raw"))
    toy.project(tmp_path, [toy.stage("010_a", [], [ONE])], {"010_a": [toy.write(ONE, "'x' * 5_000_000")]})
    code = "import resource, sys; from pathlib import Path; from towns_index.runner import cli\n"
    code += "resource.setrlimit(resource.RLIMIT_FSIZE, (1_000_000, 1_000_000))\n"
    code += "sys.exit(cli.main(['--start', 'raw'], root=Path(sys.argv[1])))"
    full = subprocess.run([sys.executable, "-c", code, tmp_path], capture_output=True, text=True, cwd=paths.ROOT)
    assert full.returncode == 1, full.stderr
    assert "Check the disk's free space" in full.stdout
    assert published(Run(tmp_path, tmp_path, tmp_path, "raw")) == before


def test_a_folder_that_cannot_be_written_is_named(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(Problems, match="cannot be written"):
        staging.lock(Run(tmp_path, tmp_path / "file", tmp_path, "raw"))


# undeclared files ---------------------------------------------------------------------------------


@pytest.mark.parametrize("kernels", ["warm", "ordinary"])
@pytest.mark.parametrize(
    ("cell", "said"),
    [
        ("open('../definitions/stages.toml').read()", "010_a reads definitions/stages.toml"),
        ("open('../notebooks/010_a.ipynb').read()", "010_a reads notebooks/010_a.ipynb"),
        ("import pandas; pandas.read_csv('../data/processed/old.csv')", "010_a reads data/processed/old.csv"),
        ("open('../definitions/word.txt', 'a').write('x')", "010_a writes definitions/word.txt"),
        ("open('beside.txt', 'w').write('x')", "010_a writes notebooks/beside.txt"),
    ],
)
def test_an_undeclared_file_of_the_project_is_named(tmp_path, capsys, cell, said, kernels):
    toy.project(tmp_path, [toy.stage("010_a", ["definitions/word.txt"])], {"010_a": [cell]})
    (tmp_path / "definitions" / "word.txt").write_text("word")
    (tmp_path / "data" / "processed" / "old.csv").write_text("a\n1\n")
    assert build(tmp_path, "--kernels", kernels) == 1
    assert f"{said} and {watch.SAYS}" in capsys.readouterr().out
    assert (tmp_path / "definitions" / "word.txt").read_text() == "word"
    assert not (tmp_path / "notebooks" / "beside.txt").exists()


@pytest.mark.skipif(os.name != "posix", reason="makes links as POSIX systems do")
def test_a_link_is_no_result(tmp_path, capsys):
    secret = tmp_path / "secret.txt"
    secret.write_text("secret")
    link = f"{toy.HOME}os.symlink({str(secret)!r}, home / {ONE!r})"
    toy.project(tmp_path, [toy.stage("010_a", [], [ONE])], {"010_a": [link]})
    assert build(tmp_path) == 1
    assert "a.txt is a link to another file" in capsys.readouterr().out
    assert not (tmp_path / ONE).exists()


def test_what_a_source_notebook_brings_as_results_is_not_shown(tmp_path):
    toy.project(tmp_path, [toy.stage("010_a")], {"010_a": ["1 + 1"]})
    path = tmp_path / "notebooks" / "010_a.ipynb"
    notebook = json.loads(path.read_text())
    forged = {"output_type": "display_data", "metadata": {}, "data": {"text/html": "<script>alert(1)</script>"}}
    notebook["cells"][1]["outputs"] = [forged]
    path.write_text(json.dumps(notebook))
    assert build(tmp_path) == 0
    executed = (tmp_path / "reports" / "notebooks" / "010_a.ipynb").read_text()
    assert "script" not in executed and '"2"' in executed


def test_declared_files_and_raw_files_may_be_read(tmp_path):
    cell = "open('../definitions/word.txt').read() + open('../data/raw/one.csv').read()"
    toy.project(tmp_path, [toy.stage("010_a", ["definitions/word.txt"], raw=True)], {"010_a": [cell]})
    (tmp_path / "definitions" / "word.txt").write_text("word")
    (tmp_path / "data" / "raw" / "one.csv").write_text("1")
    assert build(tmp_path) == 0


def test_what_is_made_from_a_notebook_reads_declared_files_only(tmp_path, capsys):
    entry = toy.stage("010_a", [], ["reports/page.txt"], publish="toy_reader:page")
    toy.project(tmp_path, [entry], {"010_a": []})
    code = "from pathlib import Path\ndef page(path):\n    Path(__file__).with_name('definitions').joinpath('stages.toml').read_text()\n"
    (tmp_path / "toy_reader.py").write_text(code)
    assert build(tmp_path) == 1
    assert "010_a reads definitions/stages.toml" in capsys.readouterr().out


# warm kernels -------------------------------------------------------------------------------------


@pytest.mark.skipif(os.name != "posix", reason="there is no fork")
def test_a_warm_kernel_is_a_process_of_its_own_with_its_own_memory(tmp_path):
    shows = "import os, sys; import json as module; module.mark = getattr(module, 'mark', 0) + 1\n"
    cells = {name: [shows + f"print(module.mark, os.getpid() != os.getppid(), {name!r})"] for name in ("010_a", "020_b")}
    toy.project(tmp_path, [toy.stage("010_a"), toy.stage("020_b")], cells)
    assert build(tmp_path, "--kernels", "warm") == 0
    for name in cells:
        notebook = json.loads((tmp_path / "reports" / "notebooks" / f"{name}.ipynb").read_text())
        assert "".join(notebook["cells"][1]["outputs"][0]["text"]) == f"1 True {name}\n"


def test_modules_that_cannot_be_imported_do_not_stop_the_server(monkeypatch):
    monkeypatch.setenv(warm.VARIABLE, "no_such_module_at_all,json")
    monkeypatch.setitem(sys.modules, "rfc3987_syntax", sys.modules.get("rfc3987_syntax"))
    warm._import_all()


def test_a_start_from_the_snapshot_changes_no_table_that_others_may_read(tmp_path, capsys):
    toy.project(tmp_path, [toy.stage("010_a", [], [ONE], raw=True)], {"010_a": [toy.write(ONE, "'other'")]})
    (tmp_path / ONE).write_text("committed")
    for variable in (paths.RAW_VARIABLE, paths.OUT_VARIABLE, paths.START_VARIABLE):
        os.environ[variable] = ""
    assert cli.main(["--start", "snapshot"], root=tmp_path) == 1
    assert "a.txt was changed, although a start from the snapshot can only show it" in capsys.readouterr().out
    assert (tmp_path / ONE).read_text() == "committed"
