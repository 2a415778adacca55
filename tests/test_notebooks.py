"""Notebooks are kept clean, hold no programs, and run one by one from their own folder."""

import ast
import os
import shutil
import subprocess
import sys

import nbformat
import pytest
from bundle import SNAPSHOT, assert_same_bytes
from nbclient import NotebookClient

from towns_index import paths
from towns_index.runner import parameters, stages

NOTEBOOKS = sorted(paths.NOTEBOOKS.glob("*.ipynb"))
each = pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)


def code_cells(path) -> list:
    return [cell for cell in nbformat.read(path, 4).cells if cell.cell_type == "code"]


def test_there_is_one_notebook_for_each_stage():
    plan = stages.load(paths.ROOT, parameters.load(paths.ROOT))
    assert [path.stem for path in NOTEBOOKS] == [stage.name for stage in plan.stages]


def test_run_one_after_another_each_finds_what_it_reads():
    plan = stages.load(paths.ROOT, parameters.load(paths.ROOT))
    late = {name: sorted(other for other in before if other > name) for name, before in stages.graph(plan.stages).items()}
    assert {name: others for name, others in late.items() if others} == {}


@each
def test_it_is_kept_without_results(path):
    notebook = nbformat.read(path, 4)
    nbformat.validate(notebook)
    assert notebook.metadata["kernelspec"]["name"] == "python3"
    for cell in code_cells(path):
        assert cell.outputs == [] and cell.execution_count is None
        assert "execution" not in cell.metadata and "papermill" not in cell.metadata
    assert "papermill" not in notebook.metadata


@each
def test_its_parameters_are_the_defaults_of_the_parameters_file(path):
    (cell,) = [cell for cell in code_cells(path) if "parameters" in cell.metadata.get("tags", [])]
    shown = {}
    for line in ast.parse(cell.source).body:
        assert isinstance(line, ast.Assign) and len(line.targets) == 1
        shown[line.targets[0].id] = ast.literal_eval(line.value)
    known = parameters.load(paths.ROOT)
    plan = stages.load(paths.ROOT, known)
    (stage,) = [stage for stage in plan.stages if stage.name == path.stem]
    assert shown == {name: known[name].default for name in stage.parameters}


@each
def test_it_holds_steps_and_no_programs(path):
    for cell in code_cells(path):
        tree = ast.parse(cell.source)
        for node in ast.walk(tree):
            assert not isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef), cell.source
            if isinstance(node, ast.Assign | ast.AnnAssign | ast.NamedExpr):
                assert not isinstance(node.value, ast.Lambda), cell.source


@each
def test_it_finds_the_project_when_it_is_run_alone(path):
    # As `jupyter nbconvert --execute` runs it: in its own folder, with nothing set.
    code = "\n".join(cell.source for cell in code_cells(path))
    before, first, _ = code.partition("\nfrom towns_index")
    assert first
    check = "\nimport importlib.util\nsys = __import__('sys')\nsys.exit(importlib.util.find_spec('towns_index') is None)"
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
    run = subprocess.run([sys.executable, "-c", before + check], cwd=paths.NOTEBOOKS, env=environment)
    assert run.returncode == 0, "sys.path needs the project's folder before the first import of towns_index"


@pytest.fixture(scope="module")
def out(tmp_path_factory):
    """A folder that holds the committed tables and receives what the notebooks write."""
    folder = tmp_path_factory.mktemp("out")
    shutil.copytree(SNAPSHOT, folder / "data" / "processed")
    (folder / "reports" / "notebooks").mkdir(parents=True)
    patch = pytest.MonkeyPatch()
    patch.setenv(paths.OUT_VARIABLE, str(folder))
    patch.setenv(paths.START_VARIABLE, "snapshot")
    patch.setenv("PYTHONPATH", str(paths.ROOT))  # as `python run_all.py lab` does
    patch.setenv("OMP_NUM_THREADS", "1")
    patch.setenv("IPYTHONDIR", str(folder / "ipython"))
    yield folder
    patch.undo()


@each
def test_it_runs_from_the_snapshot_and_writes_the_committed_tables(path, out):
    notebook = nbformat.read(path, 4)
    client = NotebookClient(notebook, timeout=600, resources={"metadata": {"path": str(paths.NOTEBOOKS)}})
    client.execute()
    nbformat.write(notebook, out / "reports" / "notebooks" / path.name)  # a later one may read it
    plan = stages.load(paths.ROOT, parameters.load(paths.ROOT))
    (stage,) = [stage for stage in plan.stages if stage.name == path.stem]
    written = [name for name in stage.outputs if name.startswith("data/processed/")]
    for name in written:
        assert_same_bytes(out / name, name.removeprefix("data/processed/"))
    assert not (paths.NOTEBOOKS / "data").exists()  # nothing is written beside the notebook


def test_a_notebook_that_fails_is_seen(tmp_path):
    notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell("1 / 0")])
    with pytest.raises(Exception, match="ZeroDivisionError"):
        NotebookClient(notebook, timeout=60, kernel_name="python3", resources={"metadata": {"path": str(tmp_path)}}).execute()
