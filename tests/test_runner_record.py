"""What a build leaves of itself, and what verify finds when results are held against a second build."""

import email
import io
import json
import os
import signal
import urllib.request
import urllib.response
from pathlib import Path

import pytest
import toy

from towns_index import files, paths
from towns_index.runner import cli, crate, differences
from towns_index.runner.differences import DIFFERENT, EQUAL, IDENTICAL

TABLE = "data/processed/t.csv"
PAGE = "reports/page.html"
FIGURE = "reports/figures/020_b/one.png"


@pytest.fixture(autouse=True)
def own_environment(monkeypatch):
    for variable in (paths.RAW_VARIABLE, paths.OUT_VARIABLE, paths.START_VARIABLE):
        monkeypatch.setenv(variable, "")
    handler = signal.getsignal(signal.SIGTERM)
    yield
    signal.signal(signal.SIGTERM, handler)


def run(root, *words, start="raw"):
    for variable in (paths.RAW_VARIABLE, paths.OUT_VARIABLE, paths.START_VARIABLE):
        os.environ[variable] = ""
    return cli.main([*words, "--start", start], root=root)


@pytest.fixture
def site(tmp_path):
    """A project with a table from raw files, a page with numbers and a figure; built."""
    picture = "import matplotlib; matplotlib.use('agg'); from matplotlib import pyplot\n"
    picture += f"(home / {FIGURE!r}).parent.mkdir(parents=True); pyplot.plot([1, 2]); pyplot.savefig(home / {FIGURE!r}, metadata={{'Software': None}})"
    rows = "town,share\\nBath,0.25\\nHull,1e-3\\n"
    cells = {
        "010_a": ["# parameters\nlow = 1", toy.write(TABLE, f"'{rows}'")],
        "020_b": [toy.write(PAGE, f"'<p>' + {toy.read(TABLE)} + '</p>'"), toy.HOME + picture],
    }
    entries = [
        toy.stage("010_a", ["definitions/word.txt"], [TABLE], raw=True, parameters=["low"]),
        toy.stage("020_b", [TABLE], [PAGE, "reports/figures/020_b/"]),
    ]
    toy.project(tmp_path, entries, cells, top='[project]\nname = "Toy"\nlicence = "https://example.org/licence"')
    (tmp_path / "definitions" / "word.txt").write_text("word")
    (tmp_path / "requirements.lock").write_text("")
    assert run(tmp_path) == 0
    return tmp_path


# the record ---------------------------------------------------------------------------------------


def test_the_record_names_everything_with_its_digest(site):
    made = json.loads((site / crate.RECORD).read_text())
    first, second = made["stages"]
    assert first["basis"]["parameters"] == {"low": 1}
    assert first["basis"]["inputs"] == {"definitions/word.txt": files.sha256(site / "definitions" / "word.txt")}
    assert first["outputs"][TABLE] == files.sha256(site / TABLE) == second["basis"]["inputs"][TABLE]
    assert set(second["outputs"]) == {PAGE, FIGURE, "reports/notebooks/020_b.ipynb"}
    assert second["seconds"] > 0 and "pandas" in made["environment"]["packages"]
    assert made["start"] == "raw" and not made["not run here"]


def test_a_public_validator_accepts_the_crate(site, monkeypatch):
    models = pytest.importorskip("rocrate_validator.models")
    services = pytest.importorskip("rocrate_validator.services")
    import requests
    import rocrate

    # The vocabulary that a crate names by its address comes from the library instead of the network.
    vocabulary = (Path(rocrate.__file__).parent / "data" / "ro-crate.jsonld").read_bytes()

    class Vocabulary(urllib.request.HTTPSHandler):
        def https_open(self, request):
            about = email.message_from_string("Content-Type: application/ld+json\n\n")
            return urllib.response.addinfourl(io.BytesIO(vocabulary), about, request.full_url, 200)

    def send(self, request, **_):
        response = requests.Response()
        response.status_code, response.url, response._content, response.request = 200, request.url, vocabulary, request
        response.headers["Content-Type"] = "application/ld+json"
        return response

    monkeypatch.setattr(urllib.request, "_opener", urllib.request.build_opener(Vocabulary))
    monkeypatch.setattr(requests.adapters.HTTPAdapter, "send", send)

    def issues():
        for profile in ("ro-crate-1.1", "process-run-crate-0.5"):
            settings = services.ValidationSettings(
                rocrate_uri=str(site), profile_identifier=profile, requirement_severity=models.Severity.REQUIRED,
                skip_availability_check=True, no_cache=True,
            )  # fmt: skip
            yield from services.validate(settings).get_issues()

    assert [issue.message for issue in issues()] == []
    contents = json.loads((site / crate.CRATE).read_text())
    actions = {each["@id"]: each for each in contents["@graph"] if each["@type"] == "CreateAction"}
    assert {each["@id"] for each in actions["#020_b"]["result"]} == {PAGE, FIGURE, "reports/notebooks/020_b.ipynb"}
    assert {"@id": TABLE} in actions["#020_b"]["object"]
    # A crate that names a file that is not there is refused: the validator does look.
    (site / PAGE).unlink()
    assert any("page.html" in f"{issue.message} {issue.violatingEntity}" for issue in issues())


# verify -------------------------------------------------------------------------------------------


def test_results_that_were_not_touched_are_verified(site, capsys):
    assert run(site, "verify") == 0
    said = capsys.readouterr().out
    assert f"identical  {TABLE}  (2 rows of 2 cells)" in said
    assert f"identical  {PAGE}" in said and f"identical  {FIGURE}" in said
    assert "5 identical" in said and said.rstrip().endswith("Verified.")


@pytest.mark.parametrize(
    ("path", "start"),
    [
        *((path, "raw") for path in (TABLE, PAGE, FIGURE, "reports/notebooks/010_a.ipynb")),
        *((path, "snapshot") for path in (TABLE, "reports/notebooks/010_a.ipynb")),
    ],
)
def test_one_changed_byte_is_found_in_any_published_file(site, capsys, path, start):
    content = bytearray((site / path).read_bytes())
    content[len(content) // 2] ^= 1
    (site / path).write_bytes(content)
    assert run(site, "verify", start=start) == 1
    said = capsys.readouterr().out
    assert f"different  {path}  (changed since it was published" in said
    assert said.rstrip().endswith("NOT verified.")


def test_a_changed_cell_is_named_even_if_the_list_of_digests_was_changed_with_it(site, capsys):
    (site / TABLE).write_text((site / TABLE).read_text().replace("0.25", "0.26"))
    lines = (site / "reports/SHA256SUMS").read_text().splitlines()
    lines = [f"{files.sha256(site / TABLE)}  {TABLE}" if line.endswith(TABLE) else line for line in lines]
    (site / "reports/SHA256SUMS").write_text("\n".join(lines) + "\n")
    assert run(site, "verify") == 1
    said = capsys.readouterr().out
    assert f"different  {TABLE}  (1 cell; largest difference 0.038 at line 2 (Bath), share: 0.26, rebuilt 0.25)" in said


def test_missing_and_foreign_files_are_found(site, capsys):
    (site / FIGURE).unlink()
    (site / "reports/figures/020_b/foreign.txt").write_text("x")
    assert run(site, "verify") == 1
    said = capsys.readouterr().out
    assert f"different  {FIGURE}  (it is missing" in said
    assert "different  reports/figures/020_b/foreign.txt  (it is not built any more" in said


def test_a_start_from_the_snapshot_says_what_it_could_not_build(site, capsys):
    assert run(site, "verify", start="snapshot") == 0
    said = capsys.readouterr().out
    assert f"as listed  {TABLE}" in said and f"identical  {PAGE}" in said
    assert "was not built again" in said


def test_raw_files_that_do_not_pass_the_checks_are_not_built_from(site, capsys, monkeypatch):
    (site / "toy_altered.py").write_text("def problems(start, raw):\n    return ['one.csv: altered']\n")
    text = (site / "definitions" / "stages.toml").read_text()
    (site / "definitions" / "stages.toml").write_text('preflight = ["toy_altered:problems"]\n' + text)
    monkeypatch.syspath_prepend(site)
    assert run(site, "verify") == 1
    assert "different  one.csv: altered" in capsys.readouterr().out


# differences --------------------------------------------------------------------------------------


def compared(tmp_path, one, other, kind=".csv", tolerance=1e-9):
    for name, content in (("one", one), ("other", other)):
        (tmp_path / f"{name}{kind}").write_bytes(content if isinstance(content, bytes) else content.encode())
    return differences.compare(tmp_path / f"one{kind}", tmp_path / f"other{kind}", tolerance)


@pytest.mark.parametrize(
    ("one", "other", "status", "words"),
    [
        ("a,b\nx,1\n", "a,b\nx,1\n", IDENTICAL, "1 rows of 2 cells"),
        ("a,b\nx,1.0\n", "a,b\nx,1\n", EQUAL, "written otherwise|largest difference 0"),
        ("a,b\nx,1\n", "a,b\nx,1.0000000001\n", EQUAL, "line 2 \\(x\\), b: 1, rebuilt 1.0000000001"),
        ("a,b\nx,1\n", "a,b\nx,1.00001\n", DIFFERENT, "largest difference 1e-05"),
        ("a,b\nx,1\ny,5\n", "a,b\nx,1.00001\ny,6\n", DIFFERENT, "2 cells; .*0.17 at line 3 \\(y\\), b: 5, rebuilt 6"),
        ("a,b\nx,1\n", "a,b\nx,\n", DIFFERENT, "1, rebuilt empty"),
        ("a,b\nx,yes\n", "a,b\nx,no\n", DIFFERENT, "yes, rebuilt no"),
        ("a,b\nx,1\n", "a,c\nx,1\n", DIFFERENT, "its columns: only published: a,b; only rebuilt: a,c"),
        ("a,b\nx,1\ny,2\n", "a,b\nx,1\n", DIFFERENT, "2 rows, rebuilt 1: only published: y,2"),
        ("a,b\nx,nan\n", "a,b\nx,1\n", DIFFERENT, "nan, rebuilt 1"),
    ],
)
def test_tables_are_compared_cell_by_cell(tmp_path, one, other, status, words):
    found = compared(tmp_path, one, other)
    assert found.status == status
    import re

    assert re.search(words, found.words), found.words


@pytest.mark.parametrize(
    ("one", "other", "status"),
    [
        ("<p>1 of 2</p>", "<p>1 of 2</p>", IDENTICAL),
        ("<p>1 of 2</p>", "<p>1 of 2.0000000000001</p>", EQUAL),
        ("<p>1 of 2</p>", "<p>1 of 3</p>", DIFFERENT),
        ("<p>1 of 2</p>", "<p>1 in 2</p>", DIFFERENT),
        ("<p>1</p>" + "A" * 500, "<p>1</p>" + "A" * 499 + "B", DIFFERENT),
    ],
)
def test_pages_are_compared_number_by_number(tmp_path, one, other, status):
    assert compared(tmp_path, one, other, ".html").status == status


def test_other_files_are_compared_byte_by_byte(tmp_path):
    assert compared(tmp_path, b"%PDF one", b"%PDF two", ".pdf").words.startswith("from byte 6 of 8")
