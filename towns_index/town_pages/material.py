"""What the pages of towns are made from: the published tables and the definitions, read once and laid out by town."""

import tomllib
from dataclasses import dataclass
from functools import cached_property

import pandas as pd

from towns_index import clusters, dictionary, groups, indicators, paths, similar, slugs, store, towns, words
from towns_index.why import names

INSIDE = ["full", "partial"]
TABLES = [
    "towns",
    "town_geography",
    "measures",
    "indicators",
    "memberships",
    "membership_probability",
    "count_intervals",
    "groups",
]


@dataclass(frozen=True)
class Material:
    """Everything that a town's page is made from.

    ``towns`` are those of the index, indexed by code, with ``slug`` and ``short`` (the name in a sentence) and the
    columns of ``groups.csv``, ``town_geography.csv`` and ``count_intervals.csv``; ``indicators`` are theirs. ``called``
    says how many towns of the whole list have a name.
    """

    towns: pd.DataFrame
    letters: dict[str, dict]
    lines: pd.DataFrame
    members: pd.DataFrame
    indicators: pd.DataFrame
    measures: pd.DataFrame
    described: pd.DataFrame
    choices: dict
    settings: dict
    called: dict[str, int]

    @cached_property
    def parts(self) -> dict[tuple[str, str], list]:
        """For each cluster and criterion its lines of the definitions, each with its verdicts by town."""
        judged: dict[tuple[str, str], list] = {}
        for line in self.lines.itertuples():
            frame = clusters.evaluate_part(line, self.indicators, self.towns, self.settings["average"])
            frame["apart"] = (frame["value"] - frame["threshold"]).abs() / self.spread(frame["value"], line.comparator)
            frame["met"] = frame["met"].astype(object).where(frame["met"].notna(), None)
            judged.setdefault((line.cluster, line.criterion), []).append((line, frame.to_dict("index")))
        return judged

    def spread(self, values: pd.Series, comparator: str) -> pd.Series:
        """For each town the standard deviation over the towns that it is compared with; missing where there is none."""
        of = self.towns[comparator] if comparator in ("nation", "region") else pd.Series("all", index=values.index)
        spread = values.groupby(of).transform("std")
        return spread.where(spread > 0)

    @cached_property
    def statuses(self) -> dict[str, dict[str, dict]]:
        """For each town and cluster the row of ``memberships.csv`` with what 052 found out about it."""
        found: dict[str, dict[str, dict]] = {}
        for row in self.members.to_dict("records"):
            found.setdefault(row["town_code"], {})[row["cluster"]] = row
        return found

    @cached_property
    def scores(self) -> pd.DataFrame:
        """The towns on the standardised scales of the groups (:func:`groups.standardise`)."""
        chosen = groups.columns(indicators.definitions())
        return groups.standardise(self.indicators[chosen])[0]

    @cached_property
    def context(self) -> dict[tuple, pd.DataFrame]:
        """The towns on the scales of ``[[context.line]]`` (:func:`similar.context`), apart as ``same`` says."""
        values = self.indicators.assign(population_2019=self.towns["population_2019"])
        scales = similar.context(values, self.choices["context"]["line"])
        return dict(iter(scales.groupby([self.towns[name] for name in self.choices["context"]["same"]])))

    @cached_property
    def counts(self) -> pd.DataFrame:
        """Characteristics of each town, full or partial: ``count`` as published, ``mean`` over the draws."""
        return self.towns[["count", "mean"]].astype(float)

    @cached_property
    def town(self) -> dict[str, dict]:
        """The rows of ``towns`` by code."""
        return self.towns.to_dict("index")

    @cached_property
    def values(self) -> dict[str, dict[str, float]]:
        """The indicators of each town by code and name, without those that are not known."""
        rows = self.indicators.astype(float).to_dict("index")
        return {code: {name: value for name, value in row.items() if value == value} for code, row in rows.items()}

    @cached_property
    def score(self) -> dict[str, dict[str, float]]:
        """The rows of ``scores`` by code."""
        return self.scores.to_dict("index")

    @cached_property
    def about(self) -> dict[str, dict]:
        """What is to be known of each indicator: its line in the dictionary, by name, with its ``formula``."""
        return self.described.assign(formula=self.described["denominator"].str.removeprefix("formula: ")).to_dict("index")


def choices() -> dict:
    """``definitions/town_pages.toml``."""
    with open(paths.DEFINITIONS / "town_pages.toml", "rb") as stream:
        return tomllib.load(stream)


def load(settings: dict) -> Material:
    """Read the published tables.

    Parameters
    ----------
    settings : dict
        ``average`` and ``deprivation_fourth`` of the build.
    """
    tables = {name: store.read(name) for name in TABLES}
    index = towns.in_index(tables["towns"])
    index = index.assign(slug=slugs.slugs(index), short=index["town_name"].map(words.short))
    for name in ("groups", "town_geography", "count_intervals"):
        index = index.join(tables[name].set_index("town_code"))
    letters, lines = clusters.definitions()
    found = tables["membership_probability"].drop(columns="status")
    values = tables["indicators"].set_index("town_code").reindex(index.index)
    measures = indicators.inputs(tables["towns"], tables["measures"]).reindex(index.index)
    return Material(
        towns=index,
        letters=letters.set_index("cluster").to_dict("index"),
        lines=clusters.in_force(lines, settings),
        members=tables["memberships"].merge(found, how="left", on=["town_code", "cluster"]),
        indicators=values,
        measures=measures,
        described=dictionary.of_indicators().set_index("column"),
        choices=choices(),
        settings=settings,
        called=tables["towns"]["town_name"].map(names.plain).value_counts().to_dict(),
    )
