"""The Towns Index of England and Wales, rebuilt in the open from official data."""

__version__ = "0.1.0"
