"""What the report draws on: the published tables and the definitions, read once."""

from dataclasses import dataclass
from functools import cached_property

import pandas as pd

from towns_index import cartogram, clusters, dictionary, figures, paths, store, towns, validity, words

INSIDE = ["full", "partial"]
FIRMNESS = ["safe", "likely", "coin toss"]


@dataclass(frozen=True)
class Results:
    """Everything that the report draws on: the published tables and the definitions."""

    towns: pd.DataFrame
    letters: pd.DataFrame
    criteria: pd.DataFrame
    judged: pd.DataFrame
    members: pd.DataFrame
    counts: pd.DataFrame
    indicators: pd.DataFrame
    groups: pd.DataFrame
    profiles: pd.DataFrame
    evidence: pd.DataFrame
    fidelity: pd.DataFrame
    named: pd.DataFrame
    checks: pd.DataFrame
    probability: pd.DataFrame
    intervals: pd.DataFrame
    sobol: pd.DataFrame
    stability: pd.DataFrame
    methods: pd.DataFrame
    overlap: pd.DataFrame
    regions: pd.DataFrame
    assumptions: pd.DataFrame
    kinds: pd.DataFrame
    observed: pd.DataFrame
    alike: pd.DataFrame
    local: pd.DataFrame
    jumps: pd.DataFrame
    gains: pd.DataFrame
    outcomes: pd.DataFrame
    reproduced: pd.DataFrame
    handbook: pd.DataFrame
    places: pd.DataFrame
    settings: dict

    @cached_property
    def name(self) -> pd.Series:
        """Short name of each town."""
        return self.towns["town_name"].map(words.short)

    def status(self, letter: str) -> pd.Series:
        """Status of each town in one cluster."""
        return self._statuses[letter]

    @cached_property
    def _statuses(self) -> dict[str, pd.Series]:
        parts = self.members.set_index("town_code").groupby("cluster")
        return {letter: part["status"] for letter, part in parts}

    @cached_property
    def shares(self) -> pd.DataFrame:
        """Towns that meet each criterion, as from :func:`clusters.criterion_shares`."""
        return clusters.criterion_shares(self.judged, self.criteria)

    @cached_property
    def described(self) -> pd.DataFrame:
        """What is to be known of each indicator, as in the dictionary, indexed by name."""
        return dictionary.of_indicators().set_index("column")

    def size(self, letter: str, status: str = "full") -> int:
        """Number of towns with one status in a cluster."""
        return int((self.status(letter) == status).sum())

    @cached_property
    def flags(self) -> pd.DataFrame:
        """Full and partial memberships, with how firmly each is held."""
        return self.probability[self.probability["status"].isin(INSIDE)]

    def firmness(self, letter: str) -> pd.DataFrame:
        """Flags of a cluster by status (rows) and firmness (columns)."""
        flags = self.flags[self.flags["cluster"] == letter]
        table = flags.groupby(["status", "firmness"]).size().unstack(fill_value=0)
        return table.reindex(index=INSIDE, columns=FIRMNESS, fill_value=0)

    @property
    def published(self) -> pd.DataFrame:
        """Clusters that are rebuilt, at least in part, from the published reading."""
        return self.shown[self.shown["evidence"] == "published"]

    @property
    def shown(self) -> pd.DataFrame:
        """Clusters of which at least part is rebuilt."""
        return self.letters[self.letters["rebuilt"] != "no"]


def load(settings: dict) -> Results:
    """Read the published tables.

    Parameters
    ----------
    settings : dict
        The parameters of the build, as shown to the reader.
    """
    members = store.read("memberships")
    letters, criteria = clusters.definitions()
    index = towns.in_index(store.read("towns"))
    return Results(
        towns=index,
        letters=letters,
        criteria=clusters.in_force(criteria, settings),
        judged=store.read("criteria").astype({"criterion": str}),
        members=members,
        counts=clusters.counts(members),
        indicators=store.read("indicators").set_index("town_code"),
        groups=store.read("groups"),
        profiles=store.read("group_profiles"),
        evidence=store.read("group_evidence"),
        fidelity=store.read("fidelity"),
        named=store.read("named_towns"),
        checks=store.read("check_values"),
        probability=store.read("membership_probability"),
        intervals=store.read("count_intervals").set_index("town_code"),
        sobol=store.read("sobol"),
        stability=store.read("cluster_stability"),
        methods=store.read("group_methods"),
        overlap=store.read("overlap"),
        regions=store.read("region_counts").sort_values("mean", ascending=False, ignore_index=True),
        assumptions=store.read("assumptions"),
        kinds=store.read("change_types").set_index("town_code"),
        observed=store.read("change_types_profile"),
        alike=store.read("space_global"),
        local=store.read("space_local"),
        jumps=store.read("space_border"),
        gains=store.read("validity_gain"),
        outcomes=validity.definitions()[0].set_index("outcome"),
        reproduced=store.read("reproduced"),
        handbook=pd.read_csv(paths.DEFINITIONS / "handbook.csv"),
        places=cartogram.place(figures.positions(index), figures.land()),
        settings=settings,
    )
