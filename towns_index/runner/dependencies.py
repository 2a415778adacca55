"""The code that a notebook rests on: the project's modules that it imports, directly or through others.

Only modules of the project count; those of other packages are fixed by the lock file. A module is compared by
its syntax tree, so that a comment or a blank line changes nothing. A file beside a module that the module
names in a text, such as a template, counts as part of it.
"""

import ast
import hashlib
import json
from collections.abc import Iterable
from pathlib import Path

from .digests import Digests


def modules(root: Path, names: Iterable[str], digests: Digests) -> dict[str, str]:
    """Return the files behind modules and all that they import from the project.

    Parameters
    ----------
    root : Path
        The project's folder, from which modules are imported.
    names : iterable of str
        Names with dots, as ``towns_index.groups``; those that are no modules of the project are passed over.
    digests : Digests

    Returns
    -------
    dict of str to str
        A digest for each file, by its path from `root`.
    """
    found: dict[str, str] = {}
    waiting = list(names)
    seen = set()
    while waiting:
        name = waiting.pop()
        if name in seen:
            continue
        seen.add(name)
        if "." in name:
            waiting.append(name.rpartition(".")[0])
        file = module_file(root, name)
        if file is None:
            continue
        key = f"{name} {digests.of(file)}"
        code, imports, texts = digests.finding(key, lambda name=name, file=file: _read(name, file))
        found[file.relative_to(root).as_posix()] = code
        waiting += imports
        for data in _named_files(file, texts):
            found[data.relative_to(root).as_posix()] = digests.of(data)
    return dict(sorted(found.items()))


def module_file(root: Path, name: str) -> Path | None:
    """Return the file of a module of the project, or None."""
    path = root.joinpath(*name.split("."))
    for file in (path.with_name(f"{path.name}.py"), path / "__init__.py"):
        if file.is_file():
            return file
    return None


def imported(tree: ast.AST, package: str = "") -> list[str]:
    """Return the names that a program imports, with dots, in any form and at any place.

    Parameters
    ----------
    tree : ast.AST
    package : str
        The package in which the program stands, for imports that begin with dots.
    """
    names = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            above = package.split(".")[: len(package.split(".")) - node.level + 1] if node.level else []
            start = ".".join([*above, *([node.module] if node.module else [])])
            # What is imported may be a module or something in one.
            names |= {start} | {f"{start}.{alias.name}" for alias in node.names}
    return sorted(names)


def code_digest(source: str) -> str:
    """Return the digest of a program without its comments and layout."""
    try:
        text = ast.dump(ast.parse(source))
    except (SyntaxError, ValueError):
        text = source
    return hashlib.sha256(text.encode()).hexdigest()


def _read(name: str, file: Path) -> list:
    """Return the digest of a module, what it imports, and its short texts."""
    source = file.read_text(encoding="utf-8", errors="replace")
    try:
        tree = ast.parse(source)
    except (SyntaxError, ValueError):
        return [code_digest(source), [], []]
    package = name if file.name == "__init__.py" else name.rpartition(".")[0]
    texts = {node.value for node in ast.walk(tree) if isinstance(node, ast.Constant) and isinstance(node.value, str)}
    short = sorted(text for text in texts if 0 < len(text) < 80 and "\n" not in text and "/" not in text)
    return [code_digest(source), imported(tree, package), short]


def _named_files(module: Path, texts: Iterable[str]) -> list[Path]:
    """Return the files beside a module that its texts name; a folder stands for all that is in it."""
    beside = {path.name: path for path in module.parent.iterdir() if path.suffix != ".py" and path.name != "__pycache__"}
    named = [beside[text] for text in texts if text in beside and not (beside[text] / "__init__.py").exists()]
    inside = [sorted(path.rglob("*")) if path.is_dir() else [path] for path in named]
    return [path for listed in inside for path in listed if path.is_file() and "__pycache__" not in path.parts]


# notebooks ----------------------------------------------------------------------------------------


def notebook(path: Path) -> dict:
    """Read what counts in a source notebook.

    Returns
    -------
    dict
        ``code``: digest of its code, ``prose``: digest of everything a reader sees, ``imports``: names.
    """
    contents = json.loads(path.read_text(encoding="utf-8"))
    cells = [(cell["cell_type"], "".join(cell["source"]), cell["metadata"]) for cell in contents["cells"]]
    code = [(_parsed(source), about.get("tags", [])) for kind, source, about in cells if kind == "code"]
    kernel = contents["metadata"].get("kernelspec", {}).get("name")
    imports = {name for kind, source, _ in cells if kind == "code" for name in _imports(source)}
    return {
        "code": _digest([kernel, code]),
        "prose": _digest([contents["metadata"], cells]),
        "imports": sorted(imports),
    }


def _parsed(source: str) -> str:
    """Return a cell without its comments, but with the places of its statements: warnings name their lines."""
    try:
        return ast.dump(ast.parse(source), include_attributes=True)
    except (SyntaxError, ValueError):
        return source


def _imports(source: str) -> list[str]:
    try:
        return imported(ast.parse(source))
    except (SyntaxError, ValueError):
        return []


def _digest(value) -> str:
    return hashlib.sha256(json.dumps(value, sort_keys=True).encode()).hexdigest()
