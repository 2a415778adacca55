"""Stage 075, assumptions: what each choice behind the index changes when it is dropped or made otherwise.

The ledger is ``definitions/assumptions.csv``: one line an assumption, with the way in which it is varied. The index
is judged again under each line alone, all else as it stands, by the code that judged it first (:mod:`clusters`).
"""

from towns_index.assumptions.impact import impact, ledger
from towns_index.assumptions.lines import BadAssumption, definitions, mistakes, require
from towns_index.assumptions.picture import ten
from towns_index.assumptions.vary import Index, in_force, judge, statuses, vary

__all__ = [
    "BadAssumption",
    "Index",
    "definitions",
    "impact",
    "in_force",
    "judge",
    "ledger",
    "mistakes",
    "require",
    "statuses",
    "ten",
    "vary",
]
