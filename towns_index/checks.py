"""What is checked before any notebook starts, so that a run fails early and says everything at once."""

from pathlib import Path

from towns_index import sources


def preflight(start: str, raw_dir: Path) -> list[str]:
    """Problems that would stop a run.

    Parameters
    ----------
    start : {"raw", "snapshot"}
        From where the run starts; a snapshot needs no raw files.
    raw_dir : Path
        Folder of the raw bundle.

    Returns
    -------
    list of str
        In plain words, with the remedy; empty when the run may start.
    """
    try:
        sources.register()
    except sources.BadRegister as error:
        return [str(error)]
    if start != "raw":
        return []
    if not Path(raw_dir).is_dir():
        return [f"The raw folder {raw_dir} does not exist. See data/raw/README.md."]
    problems = sources.verify(raw_dir)
    return [sources.complaint(problems, raw_dir)] if problems else []
