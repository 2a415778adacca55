"""Stage 052, probability: how firmly every flag is held.

The index is judged again many times, each time with other defensible choices and with data as uncertain as they are
(:mod:`towns_index.uncertainty`). A town's *membership probability* is the share of those draws in which it is in a
cluster. It is a statement about the index, conditional on the choices that are varied and their weights; it says
nothing of what is left out (values borrowed from an authority, for instance, stand for the town in every draw).
"""

from collections.abc import Iterator
from typing import NamedTuple
from zlib import crc32

import numpy as np
import pandas as pd

from towns_index.uncertainty import AVERAGES, Line, choices

CHUNK = 1250
FIRMNESS = {"safe": 0.9, "likely": 0.6, "coin toss": 0.0}
"""Least share of draws that keep the published status, for each word."""

BANDS = {"highly stable": 0.85, "stable": 0.75, "a pattern only": 0.6, "not stable": 0.0}
"""Least mean Jaccard similarity for each word (Hennig 2008)."""


class Draws(NamedTuple):
    """What was chosen in each draw.

    Attributes
    ----------
    average, assignment, compared : numpy.ndarray of int
        Which average, which assignment of small areas, which towns compared.
    position : numpy.ndarray of float
        Where the threshold lies, in standard deviations from the average.
    options : numpy.ndarray of int
        Draws by lines of the criteria: which indicator; 0 is the one published here.
    noise : numpy.ndarray of int
        Which realisation of the errors of the data; -1: none.
    """

    average: np.ndarray
    assignment: np.ndarray
    compared: np.ndarray
    position: np.ndarray
    options: np.ndarray
    noise: np.ndarray


def weights(entries: list[dict]) -> np.ndarray:
    """Shares of the draws from the entries of ``uncertainty.toml``."""
    weight = np.array([entry["weight"] for entry in entries], float)
    return weight / weight.sum()


def draw(lines: list[Line], count: int, seed: int, varied: dict | None = None) -> Draws:
    """So many draws of all choices at random.

    Parameters
    ----------
    lines : list of Line
    count, seed : int
    varied : dict, optional
        Contents of ``uncertainty.toml``.
    """
    varied = varied or choices()
    random = np.random.default_rng(seed)
    names = [entry["option"] for entry in varied["average"]]
    order = np.array([list(AVERAGES).index(name) for name in names])
    average = order[random.choice(len(order), count, p=weights(varied["average"]))]
    assignment = random.choice(len(varied["assignment"]), count, p=weights(varied["assignment"]))
    compared = random.choice(len(varied["compared"]), count, p=weights(varied["compared"]))
    position = random.uniform(-varied["position"]["spread"], varied["position"]["spread"], count)
    options = np.stack([_options(line, random.random(count)) for line in lines], axis=1)
    return Draws(average, assignment, compared, position, options, np.arange(count))


def _options(line: Line, uniform: np.ndarray) -> np.ndarray:
    return np.minimum(np.searchsorted(np.cumsum(line.weights), uniform, side="right"), len(line.weights) - 1)


def as_published(lines: list[Line]) -> Draws:
    """One draw with every choice as published and no error: it gives the published memberships."""
    one = np.zeros(1, int)
    return Draws(one, one, one, np.zeros(1), np.zeros((1, len(lines)), int), one - 1)


def departures(lines: list[Line], published: pd.DataFrame, required: pd.Series) -> int:
    """How many published statuses one draw with every choice as published and no error does not give back."""
    found = next(statuses(lines, as_published(lines), published, required, None))
    expected = published.replace({"full": 2, "partial": 1, "none": 0, "not_assessed": 0})
    return int(sum((found[cluster][0] != expected[cluster].to_numpy()).sum() for cluster in published))


def _part(draws: Draws, rows: slice) -> Draws:
    return Draws(*(column[rows] for column in draws))


class Errors:
    """Standard normal errors of the data, the same for an indicator wherever it is used.

    A town's error in realisation `k` of an indicator depends on the seed, the indicator and `k` alone.
    """

    def __init__(self, seed: int, authority: pd.Series):
        self.seed, self.towns, self.areas = seed, len(authority), pd.factorize(authority)[0]

    def of(self, indicator: str, kind: str, realisations: np.ndarray) -> np.ndarray:
        """Realisations by towns; `kind` is ``own`` or ``shared`` by the towns of an area."""
        shared = kind == "shared"
        width = int(self.areas.max()) + 1 if shared else self.towns
        first, last = int(realisations.min()), int(realisations.max())
        blocks = range(first // CHUNK, last // CHUNK + 1)
        key = crc32(f"{indicator} {kind}".encode())
        bank = [np.random.default_rng([self.seed, key, block]).standard_normal((CHUNK, width), "float32") for block in blocks]
        rows = np.concatenate(bank)[realisations - blocks[0] * CHUNK]
        return rows[:, self.areas] if shared else rows


def met(line: Line, number: int, draws: Draws, errors: Errors | None) -> np.ndarray:
    """Whether each town meets a line of the criteria: draws by towns."""
    option = draws.options[:, number]
    row = np.ravel_multi_index((option, draws.assignment, draws.compared, draws.average), line.shape)
    margin = line.margin[row]
    if line.average:
        margin -= (line.sign * line.spread * draws.position).astype("float32")[:, None]
    for kind in ("own", "shared"):
        error = getattr(line, kind)
        if errors is not None and error.any():
            margin += error[option] * errors.of(line.indicator, kind, draws.noise)
    return margin > 0  # a missing value meets nothing


def criteria_met(lines: list[Line], draws: Draws, errors: Errors | None) -> dict[str, np.ndarray]:
    """Number of criteria that each town meets in each cluster: draws by towns."""
    judged: dict[tuple[str, str], np.ndarray] = {}
    applied: dict[tuple[str, str], np.ndarray] = {}
    for number, line in enumerate(lines):
        key, result = (line.cluster, line.criterion), met(line, number, draws, errors)
        if key not in judged:
            judged[key], applied[key] = result, line.applies
        elif line.combine == "any" or not (applied[key] & line.applies).any():  # one part a nation: either
            judged[key] |= result
        else:
            judged[key] &= result
    counts: dict[str, np.ndarray] = {}
    for (cluster, _), result in judged.items():
        counts[cluster] = counts[cluster] + result if cluster in counts else result.astype("int8")
    return counts


def statuses(lines: list[Line], draws: Draws, published: pd.DataFrame, required: pd.Series, errors: Errors | None) -> Iterator[dict]:
    """Status of every town in every cluster, some draws at a time: 2 full, 1 partial, 0 none.

    Parameters
    ----------
    lines : list of Line
    draws : Draws
    published : pandas.DataFrame
        Published status by town (rows) and cluster (columns). Towns not assessed, and those kept out by a gate that
        does not vary, stay so.
    required : pandas.Series
        Criteria of each cluster.
    errors : Errors or None
        None: data without error.

    Yields
    ------
    dict of str to numpy.ndarray
        By cluster: draws by towns.
    """
    gates = {cluster: _open(lines, cluster, published) for cluster in published}
    for start in range(0, len(draws.average), CHUNK):
        part = _part(draws, slice(start, start + CHUNK))
        counts = criteria_met(lines, part, errors)
        yield {
            cluster: ((counts[cluster] >= required[cluster] - 1).astype("int8") + (counts[cluster] >= required[cluster])) * gates[cluster]
            for cluster in published
        }


def _open(lines: list[Line], cluster: str, published: pd.DataFrame) -> np.ndarray:
    """Towns that may be in a cluster at all."""
    assessed = (published[cluster] != "not_assessed").to_numpy()
    for line in lines:
        if line.cluster == cluster and line.indicator == "coastal":
            assessed = assessed & (line.margin[0] > 0)
    return assessed


class Tally(NamedTuple):
    """What the draws add up to: see :func:`tally`."""

    full: pd.DataFrame
    inside: pd.DataFrame
    counts: np.ndarray
    full_counts: np.ndarray
    similarity: pd.DataFrame


def tally(lines: list[Line], draws: Draws, published: pd.DataFrame, required: pd.Series, errors: Errors | None) -> Tally:
    """Add up all draws.

    Returns
    -------
    Tally
        ``full`` and ``inside`` (full or partial): share of draws, towns by clusters. ``counts`` and ``full_counts``:
        draws by the number of clusters a town is in (number, town). ``similarity``: Jaccard similarity of the towns
        inside and full with the published ones, mean over draws, by cluster.
    """
    clusters = list(published)
    towns, total = len(published), len(draws.average)
    full, inside = np.zeros((len(clusters), towns)), np.zeros((len(clusters), towns))
    counts = np.zeros((2, len(clusters) + 1, towns), int)
    alike = np.zeros((len(clusters), 2))
    for chunk in statuses(lines, draws, published, required, errors):
        several = np.zeros((2, *next(iter(chunk.values())).shape), "int8")
        for number, cluster in enumerate(clusters):
            for kind, (sums, least, words) in enumerate(((inside, 1, ["full", "partial"]), (full, 2, ["full"]))):
                held = chunk[cluster] >= least
                sums[number] += held.sum(axis=0)
                several[kind] += held
                alike[number, kind] += jaccard(held, published[cluster].isin(words).to_numpy()).sum()
        for kind in range(2):
            for number in range(len(clusters) + 1):
                counts[kind, number] += (several[kind] == number).sum(axis=0)
    frame = {"index": published.index, "columns": clusters}
    similarity = pd.DataFrame(alike / total, index=clusters, columns=["jaccard_inside", "jaccard_full"])
    return Tally(pd.DataFrame(full.T / total, **frame), pd.DataFrame(inside.T / total, **frame), counts[0], counts[1], similarity)


def jaccard(sets: np.ndarray, reference: np.ndarray) -> np.ndarray:
    """Jaccard similarity of each of many sets (rows) with one; 1 where both are empty."""
    both, either = (sets & reference).sum(axis=1), (sets | reference).sum(axis=1)
    return np.where(either > 0, both / np.maximum(either, 1), 1.0)


def word_for(shares: pd.Series, words: dict[str, float]) -> pd.Series:
    """The first word whose least value a share reaches."""
    order = list(words.items())
    return shares.map(lambda share: next(word for word, least in order if share >= least))


def memberships(found: Tally, members: pd.DataFrame, flips: pd.DataFrame) -> pd.DataFrame:
    """One row a town and cluster: probabilities, how firm the published status is, what would flip it.

    Parameters
    ----------
    found : Tally
    members : pandas.DataFrame
        Published ``town_code``, ``cluster``, ``status``; those not assessed are left out.
    flips : pandas.DataFrame
        As from :func:`towns_index.flips.smallest`.
    """
    kept = members[(members["status"] != "not_assessed") & members["cluster"].isin(found.full.columns)]
    keys = pd.MultiIndex.from_frame(kept[["town_code", "cluster"]])
    frame = kept[["town_code", "cluster", "status"]].copy()
    frame["p_full"] = found.full.stack().reindex(keys).to_numpy()
    frame["p_inside"] = found.inside.stack().reindex(keys).to_numpy()
    each = {"full": frame["p_full"], "partial": frame["p_inside"] - frame["p_full"], "none": 1 - frame["p_inside"]}
    frame["p_status"] = np.select([frame["status"] == status for status in each], list(each.values()))
    frame["firmness"] = word_for(frame["p_status"].round(9), FIRMNESS)
    return frame.merge(flips, how="left", on=["town_code", "cluster"])


def intervals(found: Tally, published: pd.DataFrame) -> pd.DataFrame:
    """Number of clusters of each town as published, its mean over draws, and where 90 % of the draws lie."""
    inside, full = published.isin(["full", "partial"]).sum(axis=1), (published == "full").sum(axis=1)
    numbers = np.arange(len(found.counts))
    frame = {"town_code": published.index, "count": inside.to_numpy()}
    frame["mean"] = (numbers[:, None] * found.counts).sum(axis=0) / found.counts.sum(axis=0)
    frame["low"], frame["high"] = (quantile(found.counts, q) for q in (0.05, 0.95))
    frame["full"] = full.to_numpy()
    frame["full_low"], frame["full_high"] = (quantile(found.full_counts, q) for q in (0.05, 0.95))
    return pd.DataFrame(frame)


def quantile(counts: np.ndarray, q: float) -> np.ndarray:
    """Smallest number that at least a share `q` of the draws do not exceed; `counts` is number by town."""
    reached = counts.cumsum(axis=0) >= q * counts.sum(axis=0) - 1e-9
    return reached.argmax(axis=0)


def stability(found: Tally, table: pd.DataFrame) -> pd.DataFrame:
    """One row a cluster: how alike the flagged towns stay, in numbers and words, and how firm its flags are."""
    flags = table[table["status"].isin(["full", "partial"])]
    firm = flags.groupby(["cluster", "firmness"]).size().unstack(fill_value=0).reindex(columns=list(FIRMNESS), fill_value=0)
    frame = found.similarity.join(firm.rename(columns={"coin toss": "coin_toss"}), how="left")
    frame = frame.fillna({"safe": 0, "likely": 0, "coin_toss": 0}).astype({"safe": int, "likely": int, "coin_toss": int})
    # Without a full member there is no set to be stable: two empty sets are alike and say nothing.
    frame.loc[~frame.index.isin(table.loc[table["status"] == "full", "cluster"]), "jaccard_full"] = np.nan
    frame.insert(2, "band", word_for(frame["jaccard_inside"], BANDS))
    return frame.rename_axis("cluster").reset_index()
