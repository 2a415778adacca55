"""A stage runs again when what it rests on has changed in content, and only then."""

import json
import os
import shutil
import signal

import pytest
import toy

from towns_index import paths
from towns_index.runner import cli, dependencies, schedule
from towns_index.runner.digests import Digests

A, B, C, D = (f"data/processed/{letter}.txt" for letter in "abcd")


@pytest.fixture(scope="module")
def built(tmp_path_factory):
    """A project of four stages that has been built: b reads a definition, c imports a module through another."""
    root = tmp_path_factory.mktemp("built") / "project"
    toy.chain(root)
    b_cell = f"{toy.HOME}word = Path('../definitions/word.txt').read_text()\n(home / {B!r}).write_text({toy.read(A)} + word)  # why"
    c_cells = ["# parameters\nhigh = 5", "import toy_near\nimport pandas", toy.write(C, f"{toy.read(A)} + toy_near.word()")]
    cells = {
        "010_a": ["# parameters\nlow = 1", toy.write(A, "str(min(low, 3))")],
        "020_b": [b_cell],
        "030_c": c_cells,
        "040_d": [toy.write(D, f"{toy.read(B)} + {toy.read(C)}"), "print('a result')"],
    }
    entries = [
        toy.stage("010_a", [], [A], parameters=["low"]),
        toy.stage("020_b", [A, "definitions/word.txt"], [B]),
        toy.stage("030_c", [A], [C], parameters=["high"]),
        toy.stage("040_d", [B, C], [D]),
    ]
    toy.project(root, entries, cells)
    (root / "definitions" / "word.txt").write_text("b")
    (root / "toy_near.py").write_text("import toy_far\n\n\ndef word():\n    return toy_far.WORD\n")
    (root / "toy_far.py").write_text("WORD = 'c'  # the third letter\n")
    (root / "requirements.lock").write_text("pandas==1\n")
    with pytest.MonkeyPatch.context() as patch:
        for variable in (paths.RAW_VARIABLE, paths.OUT_VARIABLE, paths.START_VARIABLE):
            patch.setenv(variable, "")
        handler = signal.getsignal(signal.SIGTERM)
        assert cli.main(["--start", "raw"], root=root) == 0
        signal.signal(signal.SIGTERM, handler)
    return root


@pytest.fixture
def project(built, tmp_path, monkeypatch):
    """A copy of the built project, in which nothing has to run."""
    for variable in (paths.RAW_VARIABLE, paths.OUT_VARIABLE, paths.START_VARIABLE):
        monkeypatch.setenv(variable, "")
    handler = signal.getsignal(signal.SIGTERM)
    root = tmp_path / "project"
    shutil.copytree(built, root)
    assert states(root) == {}
    yield root
    signal.signal(signal.SIGTERM, handler)


def status(root, *options):
    """Lines of the status by stage: the state and the reason."""
    for variable in (paths.RAW_VARIABLE, paths.OUT_VARIABLE, paths.START_VARIABLE):
        os.environ[variable] = ""
    from contextlib import redirect_stdout
    from io import StringIO

    said = StringIO()
    with redirect_stdout(said):
        assert cli.main(["status", "--start", "raw", *options], root=root) == 0
    lines = [line for line in said.getvalue().splitlines() if not line.startswith("Start:")]
    return {line[9:].split()[0]: (line[:9].strip(), line[36:]) for line in lines}


def states(root, *options):
    """The stages that do not simply stand, with what status says of them."""
    return {name: said for name, said in status(root, *options).items() if said[0] != "stands"}


def build(root, *options):
    for variable in (paths.RAW_VARIABLE, paths.OUT_VARIABLE, paths.START_VARIABLE):
        os.environ[variable] = ""
    return cli.main(["--start", "raw", *options], root=root)


def edit_cells(root, name, change):
    path = root / "notebooks" / f"{name}.ipynb"
    notebook = json.loads(path.read_text())
    change(notebook["cells"])
    path.write_text(json.dumps(notebook))


def test_a_touch_changes_nothing(project):
    for path in [*project.rglob("*.ipynb"), *project.rglob("*.txt"), *project.glob("*.py"), project / "requirements.lock"]:
        os.utime(path, (1, 1))
    assert states(project) == {}


def test_the_same_bytes_written_anew_change_nothing(project):
    for path in [project / A, project / "definitions" / "word.txt", project / "notebooks" / "020_b.ipynb"]:
        content = path.read_bytes()
        path.unlink()
        path.write_bytes(content)
    assert states(project) == {}


def test_layout_and_comments_of_a_module_change_nothing(project):
    (project / "toy_far.py").write_text("# a comment\n\nWORD  =  'c'\n")
    assert states(project) == {}


def test_a_module_imported_through_another_counts(project):
    (project / "toy_far.py").write_text("WORD = 'x'\n")
    found = states(project)
    assert found["030_c"] == ("to run", "module toy_far.py changed")
    assert found["040_d"] == ("may run", "if 030_c changes what it reads")
    assert set(found) == {"030_c", "040_d"}
    assert build(project) == 0
    assert (project / D).read_text() == "1b1x"


def test_prose_is_set_anew_without_a_kernel(project, monkeypatch):
    def edit(cells):
        cells[0]["source"] = "# Another title\n\nAnd a sentence."
        cells[1]["source"] = "".join(cells[1]["source"]).replace("# why", "# because")

    edit_cells(project, "020_b", edit)
    assert states(project) == {"020_b": ("set anew", "only its text changed")}
    before = {path: path.read_bytes() for path in (project / "data" / "processed").iterdir()}
    with monkeypatch.context() as patch:
        patch.setattr(schedule, "_kernel", lambda *_: pytest.fail("a kernel was started"))
        assert build(project) == 0
    assert states(project) == {}
    executed = project / "reports" / "notebooks" / "020_b.ipynb"
    set_anew = executed.read_bytes()
    assert b"Another title" in set_anew and b"# because" in set_anew
    assert {path: path.read_bytes() for path in (project / "data" / "processed").iterdir()} == before
    assert build(project, "--force", "--only", "020") == 0
    assert executed.read_bytes() == set_anew


def test_a_markdown_cell_more_leaves_results_with_their_cells(project):
    edit_cells(project, "040_d", lambda cells: cells.insert(2, {**cells[0], "id": "new", "source": "Between."}))
    assert build(project) == 0
    executed = project / "reports" / "notebooks" / "040_d.ipynb"
    set_anew = executed.read_bytes()
    assert build(project, "--force", "--only", "040") == 0
    assert executed.read_bytes() == set_anew


def test_code_counts_even_when_its_result_stays(project):
    edit_cells(project, "010_a", lambda cells: cells[2].update(source=toy.write(A, "str(min(3, low))")))
    found = states(project)
    assert found["010_a"] == ("to run", "its code changed")
    assert {name for name, said in found.items() if said[0] == "may run"} == {"020_b", "030_c", "040_d"}


def test_unchanged_outputs_stop_the_wave(project, capsys):
    edit_cells(project, "010_a", lambda cells: cells[2].update(source=toy.write(A, "str(min(3, low))")))
    assert build(project) == 0
    said = capsys.readouterr().out
    assert "done     010_a" in said
    for name in ("020_b", "030_c", "040_d"):
        assert f"fresh    {name}" in said


def test_a_comment_line_more_moves_the_code_and_runs_it(project):
    # Warnings name the line of their cell.
    edit_cells(project, "020_b", lambda cells: cells[1].update(source="# more\n" + "".join(cells[1]["source"])))
    assert states(project)["020_b"] == ("to run", "its code changed")


def test_a_parameter_concerns_the_stages_that_have_it(project):
    assert states(project, "--set", "high=7") == {
        "030_c": ("to run", "high is 7, was 5"),
        "040_d": ("may run", "if 030_c changes what it reads"),
    }


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        (lambda root: (root / "definitions" / "word.txt").write_text("x"), "input definitions/word.txt changed"),
        (lambda root: (root / A).write_text("9"), "input data/processed/a.txt changed"),
        (lambda root: (root / B).write_text("1B"), "its output data/processed/b.txt was altered"),
        (lambda root: (root / B).unlink(), "its output data/processed/b.txt is missing"),
        (lambda root: (root / "reports/notebooks/020_b.ipynb").unlink(), "its output reports/notebooks/020_b.ipynb is missing"),
        (lambda root: (root / "requirements.lock").write_text("pandas==2\n"), "requirements.lock changed"),
    ],
)
def test_every_file_counts(project, change, reason):
    change(project)
    assert states(project)["020_b"] == ("to run", reason)
    assert build(project) == 0
    assert states(project) == {}


def test_a_raw_file_concerns_the_stages_that_read_raw_files(tmp_path, monkeypatch, capsys):
    for variable in (paths.RAW_VARIABLE, paths.OUT_VARIABLE, paths.START_VARIABLE):
        monkeypatch.setenv(variable, "")
    handler = signal.getsignal(signal.SIGTERM)
    entries = [toy.stage("010_a", [], [A], raw=True), toy.stage("020_b", [], [B])]
    cells = {name: [toy.write(path, "'x'")] for name, path in (("010_a", A), ("020_b", B))}
    toy.project(tmp_path, entries, cells, top='raw_files = "toy_raw:files"')
    (tmp_path / "toy_raw.py").write_text("def files():\n    return ['one.csv']\n")
    monkeypatch.syspath_prepend(tmp_path)
    (tmp_path / "data" / "raw" / "one.csv").write_text("1")
    assert build(tmp_path) == 0
    assert states(tmp_path) == {}
    (tmp_path / "data" / "raw" / "one.csv").write_text("2")
    (tmp_path / "data" / "raw" / "other.csv").write_text("not registered")
    assert states(tmp_path) == {"010_a": ("to run", "raw file one.csv changed")}
    signal.signal(signal.SIGTERM, handler)


def test_a_build_with_nothing_to_do_starts_nothing(project, monkeypatch, capsys):
    monkeypatch.setattr(schedule, "processes", lambda *_: pytest.fail("processes were prepared"))
    assert build(project) == 0
    assert "Nothing to do" in capsys.readouterr().out


def test_status_runs_nothing_and_changes_no_result(project):
    (project / A).unlink()
    before = sorted(path for path in project.rglob("*") if ".towns-index" not in path.parts)
    assert states(project)["010_a"][0] == "to run"
    assert sorted(path for path in project.rglob("*") if ".towns-index" not in path.parts) == before


def test_a_digest_is_not_taken_from_a_file_that_changed_within_a_tick(tmp_path):
    file = tmp_path / "file"
    digests = Digests(tmp_path / "digests.json")
    file.write_text("one")
    state = file.stat()
    first = digests.of(file)
    file.write_text("two")
    os.utime(file, ns=(state.st_atime_ns, state.st_mtime_ns))
    assert digests.of(file) != first
    assert digests.of(tmp_path / "absent") == ""


def test_a_spoilt_digest_file_counts_as_empty(tmp_path):
    (tmp_path / "digests.json").write_text("{")
    assert Digests(tmp_path / "digests.json").finding("x", lambda: 1) == 1


def test_modules_are_found_in_every_form_with_the_files_they_name(tmp_path):
    package = tmp_path / "own"
    (package / "inner").mkdir(parents=True)
    (package / "__init__.py").write_text("")
    (package / "inner" / "__init__.py").write_text("from .. import far\n")
    (package / "far.py").write_text("def f():\n    from own.inner import last\n")
    (package / "inner" / "last.py").write_text("SHEET = 'look.css'\nOTHER = 'absent.css'\n")
    (package / "inner" / "look.css").write_text("a {}")
    (package / "inner" / "unnamed.css").write_text("b {}")
    (package / "apart.py").write_text("")
    found = dependencies.modules(tmp_path, ["own.inner", "json", "absent.module"], Digests(tmp_path / "d.json"))
    assert list(found) == ["own/__init__.py", "own/far.py", "own/inner/__init__.py", "own/inner/last.py", "own/inner/look.css"]


def test_a_stage_may_read_an_executed_notebook_and_follows_its_words(tmp_path, monkeypatch, capsys):
    for variable in (paths.RAW_VARIABLE, paths.OUT_VARIABLE, paths.START_VARIABLE):
        monkeypatch.setenv(variable, "")
    executed = "reports/notebooks/010_a.ipynb"
    count = f"{toy.HOME}import json; words = json.loads({toy.read(executed)})['cells'][0]['source']\n(home / {B!r}).write_text(''.join(words))"
    root = toy.project(
        tmp_path / "project",
        [toy.stage("020_b", [executed], [B]), toy.stage("010_a", [], [A])],  # the order follows from the files
        {"010_a": [toy.write(A, "'a'")], "020_b": [count]},
    )
    handler = signal.getsignal(signal.SIGTERM)
    assert cli.main(["--start", "raw"], root=root) == 0
    assert (root / B).read_text() == "# 010_a"
    source = root / "notebooks" / "010_a.ipynb"
    source.write_text(source.read_text().replace("# 010_a", "# Other words"))
    capsys.readouterr()
    assert cli.main(["--start", "raw"], root=root) == 0
    signal.signal(signal.SIGTERM, handler)
    assert f"input {executed} changed" in capsys.readouterr().out
    assert (root / B).read_text() == "# Other words"


def test_every_template_of_the_project_makes_some_stage_run_again(tmp_path):
    imports = {name for path in paths.NOTEBOOKS.glob("*.ipynb") for name in dependencies.notebook(path)["imports"]}
    known = set(dependencies.modules(paths.ROOT, imports | {"towns_index.publish"}, Digests(tmp_path / "d.json")))
    beside = {path.relative_to(paths.ROOT).as_posix() for path in (paths.ROOT / "towns_index").rglob("*") if path.is_file() and path.suffix not in (".py", ".pyc")}
    assert not beside - known
