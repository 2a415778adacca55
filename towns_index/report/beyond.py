"""What the flags rest on and what they go with: assumptions, change, neighbours, outcomes outside the index."""

import pandas as pd

from towns_index import show, words
from towns_index.report.results import Results
from towns_index.space import moran

KEPT_NAMES = ("Dynamic Districts", "Tight-Knit Towns")
"""Types of change that bear a published name."""


def assumptions(r: Results) -> None:
    """What changes when one assumption is made otherwise."""
    tried = r.assumptions[r.assumptions["kind"] != "none"]
    top = tried.head(10)
    wide = tried[tried["towns_changed"] > tried["towns"] / 2]
    single = tried[tried["clusters"] != "all"]
    show.prose(
        f"Besides, each of {len(tried)} assumptions was made otherwise alone; another {len(r.assumptions) - len(tried)} cannot be varied with what is held. "
        f"Those that matter most concern every characteristic: what average means and which towns it is formed of. Leaving out or replacing one criterion, or a part of one, "
        f"changes {single['towns_changed'].median():.0f} towns in the middle case and {single['towns_changed'].max():.0f} at most."
    )
    show.figure(
        show.saved("075_assumptions", "ten"),
        "assumptions",
        f"{len(wide)} of {len(tried)} assumptions decide over more than half of the towns",
        alt="Bars of towns whose status changes under the ten assumptions that change most. " + " ".join(f"{row.instead}: {words.towns(row.towns_changed)}." for row in top.itertuples()),
        table=top[["assumption", "instead", "towns_changed", "towns_full"]].rename(
            columns={"assumption": "Assumption", "instead": "Instead", "towns_changed": "Towns", "towns_full": "By a full membership"}
        ),
        note="A letter and a number name the criterion.",
    )


def change(r: Results) -> None:
    """Towns by how they have changed, and a published observation."""
    kinds = r.kinds["type"]
    sizes = kinds.value_counts()
    share = kinds.groupby(r.towns["region"]).value_counts(normalize=True).unstack(fill_value=0)
    seen = r.observed[r.observed["indicator"] == "not_white_british_2021"].set_index("type")
    dynamic, tight = (seen.loc[name] for name in KEPT_NAMES)
    show.prose(
        f"Towns can also be sorted by how population and migration have changed and by how well connected they are. Five types do this, in the spirit of a project of IPPR "
        f"and Migration Yorkshire on neighbourhoods, two of whose names are kept. It is our own reading: that project's rules were not available. "
        f"Of the five, *{sizes.index[0]}* are the most towns ({sizes.iloc[0]}) and *{sizes.index[-1]}* the fewest ({sizes.iloc[-1]}).\n\n"
        f"The project observed that places of these kinds are less diverse overall but have seen greater recent migration, with more poverty and insecurity. "
        f"Among towns read this way that is not found. *{KEPT_NAMES[0]}* have seen much migration, but are more diverse: {dynamic['mean']:.0f}% of residents are not White British, "
        f"against {dynamic['others_mean']:.0f}% elsewhere. *{KEPT_NAMES[1]}* are less diverse ({tight['mean']:.0f}% against {tight['others_mean']:.0f}%), but have seen little migration. "
        f"Neither differs clearly from other towns in poverty."
    )
    top = {name: share[name].sort_values(ascending=False, kind="stable") for name in sizes.index}
    named = [words.region(top[name].index[0]) for name in KEPT_NAMES]
    show.figure(
        show.saved("062_change_types", "types"),
        "change-types",
        f"{KEPT_NAMES[0]} are most common in {named[0]}, {KEPT_NAMES[1]} in {named[1]}",
        alt="Five small maps, one for each type. "
        + " ".join(f"{name}: {words.towns(sizes[name])}, most common in {words.region(top[name].index[0])} ({top[name].iloc[0]:.0%} of its towns)." for name in sizes.index),
        table=share.rename_axis("Region").rename_axis(columns=None).reset_index(),
        formats={name: ".0%" for name in share},
    )


def neighbours(r: Results) -> None:
    """Neighbouring towns, the border and large cities."""
    names = r.letters.set_index("cluster")["name"]
    near = r.alike[(r.alike["weights"] == "nearest") & (r.alike["kind"] == "criteria")].sort_values("i", ascending=False)
    first, last = near.iloc[0], near.iloc[-1]
    called = r.local[r.local["called"].astype(bool)]["quadrant"].value_counts()
    jumps = r.jumps[r.jumps["variable"].isin(names.index)]
    show.prose(
        f"Neighbouring towns are alike in every characteristic: most in *{names[first['variable'][-1]]}*, least in *{names[last['variable'][-1]]}*. The measure is Moran's I, a correlation of towns with "
        f"the eight nearest: {first['i']:.2f} and {last['i']:.2f}. Part of it is made, as some values are known only for a whole authority. "
        f"{words.towns(called['High-High']).capitalize()} with many characteristics lie among others with many beyond chance, and {called['Low-Low']} with few among others with few."
    )
    largest = moran.knot_table(r.local.set_index("town_code"), r.towns).drop_duplicates("quadrant").set_index("quadrant")
    around = largest["around"].map(words.short)
    show.figure(
        show.saved("064_space", "knots"),
        "knots",
        f"Towns with many characteristics knot together most around {around['High-High']}, towns with few around {around['Low-Low']}",
        alt=f"Map of the towns. {called['High-High']} have many characteristics among towns with many, {called['Low-Low']} few among towns with few, {called['High-Low'] + called['Low-High']} are unlike their neighbours.",
        table=r.local[r.local["called"].astype(bool)].assign(town=lambda rows: rows["town_code"].map(r.name))[["town", "quadrant", "i", "p_adjusted"]]
        .sort_values(["quadrant", "town"])
        .rename(columns={"town": "Town", "quadrant": "Kind", "i": "Local Moran's I", "p_adjusted": "p, adjusted"})
        .reset_index(drop=True),
        formats={"Local Moran's I": ".2f", "p, adjusted": ".4f"},
    )
    clear = jumps[jumps["p_adjusted"] <= 0.05]
    wide = 100 * ((jumps["high"] - jumps["low"]) / 2).median()
    show.prose(
        (
            "Where England meets Wales no characteristic jumps more than it does at lines drawn at random through England"
            if clear.empty
            else f"Where England meets Wales {words.listed(clear['variable'].tolist())} jump more than at lines drawn at random through England"
        )
        + f"; but with so few towns near the border, jumps of {wide:.0f} percentage points could be missed. How far large cities reach, and what diverse surroundings go with, stands in notebook 064."
    )


def outside(r: Results) -> None:
    """The index beside outcomes that it does not use, and what it adds to deprivation."""
    gains = r.gains[r.gains["baseline"] == "deprivation"].set_index(["index", "outcome"])
    each, number = gains.loc["clusters"], gains.loc["number"]
    labels, spoken = r.outcomes["label"], r.outcomes["in_words"]
    best = each["gain"].idxmax()
    adds = [spoken[name] for name in spoken.index if number.loc[name, "low"] > 0]
    show.prose(
        f"Does the index go with anything that it does not use? {len(each)} outcomes were held against it, each without the characteristics that share data with it. "
        f"Beyond what deprivation explains, the characteristics one by one add clearly to {int((each['low'] > 0).sum())} of them, most to {spoken[best]}: {each.loc[best, 'gain']:.2f} of the variation between towns "
        f"({each.loc[best, 'low']:.2f} to {each.loc[best, 'high']:.2f}). Their mere number adds clearly to {words.listed(adds)} only, and at most {number['gain'].max():.2f}. "
        f"So the index is better read as a profile than as a score.\n\n"
        "These are associations between towns; they do not say what brings about what. The fit of household income is partly that of its publisher's model, which uses data that also stand behind several criteria."
    )
    drawn = gains.loc[["number", "clusters"]].reset_index()
    drawn = drawn.assign(outcome=drawn["outcome"].map(labels), index=drawn["index"].map({"number": "Number", "clusters": "Each"}))
    show.figure(
        show.saved("066_validity", "gain"),
        "gain",
        "Which characteristics a town has says more than how many",
        alt="Chart of what the index adds to deprivation, with intervals. "
        + " ".join(f"{labels[name]}: {number.loc[name, 'gain']:.2f} by the number and {each.loc[name, 'gain']:.2f} by each." for name in labels.index).replace("-0.00", "0.00"),
        table=drawn[["outcome", "index", "baseline_r2", "gain", "low", "high"]].rename(
            columns={"outcome": "Outcome", "index": "Characteristics", "baseline_r2": "Deprivation alone", "gain": "Gain", "low": "from", "high": "to"}
        ),
        note="Gain in adjusted R², the share of the variation between towns that a model explains; lines: 95 % intervals.",
        formats={name: ".3f" for name in ("Deprivation alone", "Gain", "from", "to")},
    )
    found = r.reproduced["held"].astype(bool)
    show.prose(f"As a test of the list of towns and the joins, {len(found)} results that the Office for National Statistics published about these towns were worked out again: {int(found.sum())} are found.")
