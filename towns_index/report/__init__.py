"""Stage 090, the report: what is said and shown, section by section.

Every number in a sentence is taken from the published tables when the report is built; nothing is
typed in. A section is one function that shows prose, figures and tables.
"""

from towns_index.report.beyond import assumptions, change, neighbours, outside
from towns_index.report.closing import audit_in_short, fidelity, limits, method, sources_table
from towns_index.report.opening import cover, overview, summary, town_map, what_it_is
from towns_index.report.patterns import combinations, firm, places, similar_towns
from towns_index.report.results import Results, load
from towns_index.report.spreads import cluster

__all__ = [
    "Results",
    "assumptions",
    "audit_in_short",
    "change",
    "cluster",
    "combinations",
    "cover",
    "fidelity",
    "firm",
    "limits",
    "load",
    "method",
    "neighbours",
    "outside",
    "overview",
    "places",
    "similar_towns",
    "sources_table",
    "summary",
    "town_map",
    "what_it_is",
]
