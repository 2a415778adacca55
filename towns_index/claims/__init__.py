"""Stage 095, claims: every sentence of the report is bound to what carries it.

``definitions/claims.toml`` holds the sentences, with slots for what varies, and for each the query on the published
tables that gives the slots. A sentence that no claim matches, or whose numbers, names or comparisons the tables do not
give, stops the build; so does a claim that matches nothing. docs/claims.md says how to add one.
"""

from towns_index.claims.check import COLUMNS, Unsupported, check, problems, require
from towns_index.claims.database import parameters
from towns_index.claims.lines import BadClaim, Claim, load
from towns_index.claims.sentences import Sentence, of_notebook, read

__all__ = ["COLUMNS", "BadClaim", "Claim", "Sentence", "Unsupported", "check", "load", "of_notebook", "parameters", "problems", "read", "require"]
