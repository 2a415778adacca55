"""Which choice matters for which cluster: first-order and total Sobol indices.

The outcome of a draw is, for each cluster, how unlike the towns inside it are to the published ones (one minus their
Jaccard similarity). Its variance over the draws is divided among the factors (Saltelli's design, SALib).
"""

import warnings

import numpy as np
import pandas as pd
from SALib.analyze import sobol as analysis
from SALib.sample import sobol as design

from towns_index import probability
from towns_index.probability import Draws, Errors, weights
from towns_index.uncertainty import AVERAGES, Line, choices

FACTORS = {
    "average": "which average",
    "position": "how far beyond the average",
    "options": "which indicator",
    "assignment": "how small areas are given to towns",
    "compared": "which towns are averaged",
    "noise": "errors of the data",
}
REALISATIONS = 256
"""Sets of options and of errors between which the two factors that are not single numbers choose."""

PROBLEM = {"num_vars": len(FACTORS), "names": list(FACTORS), "bounds": [[0, 1]] * len(FACTORS)}


def sample(base: int, seed: int, problem: dict = PROBLEM) -> np.ndarray:
    """Saltelli's design: `base` (a power of 2) times (factors + 2) points in the unit cube."""
    return design.sample(problem, base, calc_second_order=False, seed=seed)


def as_draws(points: np.ndarray, lines: list[Line], seed: int, varied: dict | None = None) -> Draws:
    """The choices at points of the unit cube: each factor by its own coordinate."""
    varied = varied or choices()
    at = dict(zip(FACTORS, points.T))
    order = np.array([list(AVERAGES).index(entry["option"]) for entry in varied["average"]])
    pick = {name: np.minimum(np.searchsorted(np.cumsum(weights(varied[name])), at[name], side="right"), len(varied[name]) - 1)
            for name in ("average", "assignment", "compared")}  # fmt: skip
    spread = varied["position"]["spread"]
    sets = probability.draw(lines, REALISATIONS, seed, varied).options
    number = {name: np.minimum((at[name] * REALISATIONS).astype(int), REALISATIONS - 1) for name in ("options", "noise")}
    return Draws(order[pick["average"]], pick["assignment"], pick["compared"], (2 * at["position"] - 1) * spread,
                 sets[number["options"]], number["noise"])  # fmt: skip


def outcomes(lines: list[Line], draws: Draws, published: pd.DataFrame, required: pd.Series, errors: Errors) -> pd.DataFrame:
    """One minus the Jaccard similarity with the published members, full or partial: draws by clusters."""
    reference = {cluster: published[cluster].isin(["full", "partial"]).to_numpy() for cluster in published}
    chunks = probability.statuses(lines, draws, published, required, errors)
    parts = [{name: 1 - probability.jaccard(status > 0, reference[name]) for name, status in chunk.items()} for chunk in chunks]
    return pd.concat([pd.DataFrame(part) for part in parts], ignore_index=True)


def indices(found: pd.DataFrame, seed: int, problem: dict = PROBLEM, resamples: int = 100) -> pd.DataFrame:
    """First-order and total index of every factor for every outcome, with 95 % bootstrap intervals.

    Parameters
    ----------
    found : pandas.DataFrame
        Outcomes at the points of :func:`sample`, one column each. An outcome that never varies is left out.
    """
    rows = []
    for name in found:
        outcome = found[name].to_numpy()
        if np.ptp(outcome) == 0:
            continue
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", FutureWarning)
            result = analysis.analyze(problem, outcome, calc_second_order=False, num_resamples=resamples, seed=seed)
        for number, factor in enumerate(problem["names"]):
            first, total = result["S1"][number], result["ST"][number]
            rows.append((name, factor, first, first - result["S1_conf"][number], first + result["S1_conf"][number],
                         total, total - result["ST_conf"][number], total + result["ST_conf"][number]))  # fmt: skip
    columns = ["cluster", "factor", "first_order", "first_low", "first_high", "total", "total_low", "total_high"]
    return pd.DataFrame(rows, columns=columns)
