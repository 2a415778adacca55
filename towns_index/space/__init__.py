"""Stage 064, space: are neighbouring towns alike, does the border make a difference, and how far do cities reach?

Towns are points. What counts as a neighbour stands in ``definitions/weights.csv``; models, windows and bins in
``definitions/space.toml``.
"""
