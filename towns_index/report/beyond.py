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
    swapped, dropped = single[single["kind"] != "leave_out"], single[single["kind"] == "leave_out"]
    show.prose(
        f"{len(tried)} assumptions were also changed one at a time; another {len(r.assumptions) - len(tried)} cannot be changed with the data available. "
        f"Apart from what counts as having a characteristic, those that matter most concern every characteristic: what average means and which towns it is formed of. "
        f"Another measure or rule for one criterion changes {swapped['towns_changed'].median():.0f} towns in the middle case; leaving a criterion out, or a part of one, {dropped['towns_changed'].median():.0f}."
    )
    show.figure(
        show.saved("075_assumptions", "ten"),
        "assumptions",
        f"{len(wide)} of {len(tried)} assumptions decide over more than half of the towns",
        alt="Bars of towns whose status changes under the ten assumptions that change most. " + " ".join(f"{row.instead}: {words.towns(int(row.towns_changed))}." for row in top.itertuples()),
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
        f"Three questions decide: did the share born abroad rise more than average, did the population grow more than average, and, where neither did, is a major station near? "
        f"The names are no more than labels: *Tight-Knit* says nothing of how residents get on. *{sizes.index[0]}* are the largest type ({sizes.iloc[0]} towns), *{sizes.index[-1]}* the smallest ({sizes.iloc[-1]}).\n\n"
        f"The project observed that places of these kinds are less diverse overall but have seen greater recent migration, with more poverty and insecurity. "
        f"Our towns do not show it. *{KEPT_NAMES[0]}* have seen much migration, but are more diverse: {dynamic['mean']:.0f}% of residents are not White British, "
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
        f"the eight nearest: {first['i']:.2f} and {last['i']:.2f}. Part of this likeness is artificial: neighbours in one authority share some values. "
        f"{words.towns(called['High-High']).capitalize()} with more characteristics than average lie among others with more, closer together than chance would put them; {called['Low-Low']} with fewer lie among others with fewer."
    )
    largest = moran.knot_table(r.local.set_index("town_code"), r.towns).drop_duplicates("quadrant").set_index("quadrant")
    around = largest["around"].map(words.short)
    show.figure(
        show.saved("064_space", "knots"),
        "knots",
        f"Towns with more characteristics than average lie close together around {around['High-High']}, towns with fewer around {around['Low-Low']}",
        alt=f"Map of the towns. {called['High-High']} have more characteristics than average among towns with more, {called['Low-Low']} fewer among towns with fewer, {called['High-Low'] + called['Low-High']} are unlike their neighbours.",
        table=r.local[r.local["called"].astype(bool)].assign(town=lambda rows: rows["town_code"].map(r.name))[["town", "quadrant", "i", "p_adjusted"]]
        .sort_values(["quadrant", "town"])
        .rename(columns={"town": "Town", "quadrant": "Kind", "i": "Local Moran's I", "p_adjusted": "p, adjusted"})
        .reset_index(drop=True),
        formats={"Local Moran's I": ".2f", "p, adjusted": ".4f"},
    )
    clear = jumps[jumps["p_adjusted"] <= 0.05]
    missed = 100 * jumps.loc[jumps["p_adjusted"] > 0.05, "jump"].abs().max()
    show.prose(
        (
            "Where England meets Wales no jump of a characteristic can be told from those at lines drawn at random through England"
            if clear.empty
            else f"Where England meets Wales {words.listed(clear['variable'].tolist())} jump more than at lines drawn at random through England"
        )
        + f"; but with so few towns there, even jumps of {missed:.0f} percentage points were not. How far large cities reach, and what diverse surroundings go with, stands in notebook 064."
    )


def outside(r: Results) -> None:
    """The index beside outcomes that it does not use, and what it adds to deprivation."""
    gains = r.gains[r.gains["baseline"] == "facts"].set_index(["index", "outcome"])
    easy = r.gains[(r.gains["baseline"] == "deprivation") & (r.gains["index"] == "clusters")].set_index("outcome")["gain"]
    each, number = gains.loc["clusters"], gains.loc["number"]
    labels, spoken = r.outcomes["label"], r.outcomes["in_words"]
    best = each["gain"].idxmax()
    adds = [spoken[name] for name in spoken.index if number.loc[name, "low"] > 0]
    show.prose(
        f"Does the index go with anything that it does not use? {len(each)} outcomes were held against it, each without the characteristics that share data with it. "
        f"Beyond what deprivation, age and size of the town explain, the characteristics one by one add little, but more than nothing: most to {spoken[best]}, {each.loc[best, 'gain']:.2f} of the variation between towns "
        f"({each.loc[best, 'low']:.2f} to {each.loc[best, 'high']:.2f}). Beside deprivation alone it would be {easy.max():.2f} for {spoken[easy.idxmax()]}: most of that is age. Their mere number adds clearly to {words.listed(adds)} only. "
        f"So the index is better read as a profile than as a score.\n\n"
        "These are associations between towns; they do not say what brings about what. The fit of household income is partly that of its publisher's model, which uses data that also stand behind several criteria."
    )
    drawn = gains.loc[["number", "clusters"]].reset_index()
    drawn = drawn.assign(outcome=drawn["outcome"].map(labels), index=drawn["index"].map({"number": "Number", "clusters": "Each"}))
    show.figure(
        show.saved("066_validity", "gain"),
        "gain",
        "Which characteristics a town has says more than how many",
        alt="Chart of what the index adds to deprivation, age and size, with intervals. "
        + " ".join(f"{labels[name]}: {number.loc[name, 'gain']:.2f} by the number and {each.loc[name, 'gain']:.2f} by each." for name in labels.index).replace("-0.00", "0.00"),
        table=drawn[["outcome", "index", "baseline_r2", "gain", "low", "high"]].rename(
            columns={"outcome": "Outcome", "index": "Characteristics", "baseline_r2": "Deprivation, age and size", "gain": "Gain", "low": "from", "high": "to"}
        ),
        note="Gain in adjusted R², the share of the variation between towns that a model explains; lines: 95 % intervals.",
        formats={name: ".3f" for name in ("Deprivation, age and size", "Gain", "from", "to")},
    )
    found = r.reproduced["held"].astype(bool)
    show.prose(f"As a test of the list of towns and the joins, {len(found)} results that the Office for National Statistics published about these towns were worked out again: {int(found.sum())} are found.")
