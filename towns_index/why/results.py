"""What a trace rests on: the published tables, the definitions and the parameters of the build."""

import json
import math
import tomllib
from dataclasses import dataclass
from functools import cached_property

import pandas as pd

from towns_index import clusters, indicators, paths, store, towns

MARKS = {"published": "[P]", "published, exact words": "[V]", "inferred": "[I]", "own": "[O]"}


@dataclass(frozen=True)
class Results:
    """The published tables of one results folder, read when they are first needed."""

    settings: dict

    @cached_property
    def towns(self) -> pd.DataFrame:
        """All towns, indexed by code."""
        return store.read("towns").set_index("town_code")

    @cached_property
    def index(self) -> pd.DataFrame:
        """The towns of the index, indexed by code."""
        return towns.in_index(self.towns.reset_index())

    @cached_property
    def letters(self) -> pd.DataFrame:
        """The clusters."""
        return clusters.definitions()[0]

    @cached_property
    def lines(self) -> pd.DataFrame:
        """The lines of the criteria that are in force under the parameters of the build."""
        return clusters.in_force(clusters.definitions()[1], self.settings)

    @cached_property
    def members(self) -> pd.DataFrame:
        """``memberships.csv``."""
        return store.read("memberships")

    @cached_property
    def open_half(self) -> pd.DataFrame:
        """``memberships_elections.csv``: clusters of which only a part is open."""
        return store.read("memberships_elections")

    @cached_property
    def judged(self) -> pd.DataFrame:
        """``criteria.csv``."""
        return store.read("criteria").astype({"criterion": str})

    @cached_property
    def judged_apart(self) -> pd.DataFrame:
        """``criteria_elections.csv``: criteria kept apart for their licence."""
        return store.read("criteria_elections").astype({"criterion": str})

    @cached_property
    def measures(self) -> pd.DataFrame:
        """All that a formula of an indicator may name, indexed by code."""
        return indicators.inputs(self.towns.reset_index(), store.read("measures"), store.read("measures_elections"))

    @cached_property
    def indicators(self) -> pd.DataFrame:
        """All indicators, also those kept apart for their licence, indexed by code."""
        return store.read("indicators").set_index("town_code").join(self.indicators_apart)

    @cached_property
    def indicators_apart(self) -> pd.DataFrame:
        """``indicators_elections.csv``, indexed by code."""
        return store.read("indicators_elections").set_index("town_code")

    @cached_property
    def dictionary(self) -> pd.DataFrame:
        """``dictionary.csv``, indexed by file and column."""
        return store.read("dictionary").fillna("").set_index(["file", "column"]).sort_index()

    def cluster_name(self, letter: str) -> str:
        """Letter and name of a cluster."""
        return f"{letter}, {self.letters.set_index('cluster').loc[letter, 'name']}"

    def town_name(self, code: str) -> str:
        """Name of a town, or its code if it is not on the list."""
        return self.towns["town_name"].get(code, code)


def load() -> Results:
    """The results in :func:`towns_index.paths.out`."""
    return Results(settings())


def settings() -> dict:
    """Parameters of the build: the defaults, unless an executed notebook says otherwise."""
    with open(paths.DEFINITIONS / "parameters.toml", "rb") as stream:
        chosen = {name: entry["default"] for name, entry in tomllib.load(stream).items()}
    told: dict = {}
    for stage in stages():
        notebook = paths.reports() / "notebooks" / f"{stage['name']}.ipynb"
        if set(stage["parameters"]) - set(told) and notebook.is_file():
            run = json.loads(notebook.read_text(encoding="utf-8"))
            told = run["metadata"].get("papermill", {}).get("parameters", {}) | told
    return chosen | {name: value for name, value in told.items() if name in chosen}


def stages() -> list[dict]:
    """Entries of ``definitions/stages.toml``."""
    with open(paths.DEFINITIONS / "stages.toml", "rb") as stream:
        return tomllib.load(stream)["stage"]


def made_by(path: str) -> dict | None:
    """The stage and notebook that write a file, and the tables and definitions they read."""
    for stage in stages():
        if any(path == output or (output.endswith("/") and path.startswith(output)) for output in stage["outputs"]):
            return {
                "stage": stage["name"],
                "title": stage["title"],
                "notebook": f"notebooks/{stage['name']}.ipynb",
                "executed": f"reports/notebooks/{stage['name']}.ipynb",
                "reads": stage["inputs"],
            }
    return None


def known(value) -> bool | int | float | str | None:
    """A cell of a table as plain data: None where it is missing."""
    if pd.isna(value):
        return None
    return value.item() if hasattr(value, "item") else value


def same(one, other) -> bool:
    """Whether two values are the same to the nine digits that are published; nothing is like nothing."""
    one, other = known(one), known(other)
    if not isinstance(one, int | float) or not isinstance(other, int | float):
        return one == other
    return math.isclose(one, other, rel_tol=5e-9, abs_tol=1e-12)
