"""Show how a build goes: a live table in a terminal, a plain line an event elsewhere."""

import sys
import time
from collections.abc import Mapping, Sequence
from pathlib import Path

from .stages import Stage
from .workspace import Failure

WIDEST_FAILURE = 15


class Display:
    """Plain lines, one an event: for files, pipes and logs.

    Parameters
    ----------
    stages : sequence of Stage
        The stages of this build.
    """

    def __init__(self, stages: Sequence[Stage]):
        self.titles = {stage.name: stage.title for stage in stages}
        self.states = {stage.name: "waiting" for stage in stages}
        self.seconds: dict[str, float] = {}
        self.began: dict[str, float] = {}
        self.reasons: dict[str, str] = {}

    def __enter__(self) -> "Display":
        return self

    def __exit__(self, *_) -> None:
        pass

    def running(self, name: str, reason: str = "") -> None:
        """Note that a stage has started, and why."""
        self.began[name] = time.monotonic()
        self.reasons[name] = reason
        self._change(name, "running")

    def fresh(self, name: str) -> None:
        """Note that a stage need not run."""
        self._change(name, "fresh")

    def done(self, name: str, seconds: float) -> None:
        """Note that a stage has ended well."""
        self.seconds[name] = seconds
        self._change(name, "done")

    def failed(self, name: str, seconds: float) -> None:
        """Note that a stage has failed."""
        self.seconds[name] = seconds
        self._change(name, "failed")

    def tick(self) -> None:
        """Let time pass."""

    def _change(self, name: str, state: str) -> None:
        self.states[name] = state
        said = {"fresh": "its results still stand", "running": self.reasons.get(name, "")}.get(state, "")
        took = f"{self.seconds[name]:5.1f} s" if name in self.seconds else said
        print(f"{state:<8} {name:<24}  {took}", flush=True)


class LiveDisplay(Display):
    """A table that moves, for a terminal."""

    COLOURS = {"waiting": "dim", "running": "cyan", "fresh": "dim green", "done": "green", "failed": "bold red"}

    def __enter__(self) -> "LiveDisplay":
        from rich.live import Live

        self.live = Live(self._table(), auto_refresh=False)
        self.live.__enter__()
        return self

    def __exit__(self, *error) -> None:
        self.live.update(self._table(), refresh=True)
        self.live.__exit__(*error)

    def tick(self) -> None:
        self.live.update(self._table(), refresh=True)

    def _change(self, name: str, state: str) -> None:
        self.states[name] = state
        self.tick()

    def _table(self):
        from rich.table import Table
        from rich.text import Text

        table = Table(box=None, pad_edge=False)
        for heading in ("stage", "", "state"):
            table.add_column(heading)
        table.add_column("seconds", justify="right")
        table.add_column("why")
        for name, state in self.states.items():
            seconds = self.seconds.get(name)
            if state == "running":
                seconds = time.monotonic() - self.began[name]
            shown = "" if seconds is None else f"{seconds:.1f}"
            why = Text(self.reasons.get(name, ""), style="dim", overflow="ellipsis", no_wrap=True)
            table.add_row(Text(name), Text(self.titles[name]), Text(state, style=self.COLOURS[state]), shown, why)
        return table


def choose(stages: Sequence[Stage]) -> Display:
    """Return the display that suits where the output goes."""
    return LiveDisplay(stages) if sys.stdout.isatty() else Display(stages)


def describe_failure(stage: Stage, failure: Failure, root: Path) -> list[str]:
    """Tell of a failed stage in at most 15 plain lines."""
    cause = failure.cause.splitlines() or ["unknown"]
    lines = [f"FAILED  {stage.name}: {stage.title}", f"  notebook  {stage.source}"]
    if failure.cell:
        lines.append(f"  cell      {failure.cell}")
    lines.append(f"  cause     {cause[0]}")
    lines += [f"            {line}" for line in cause[1:]]
    lines.append(f"  remedy    {failure.remedy}")
    if failure.kept:
        lines.append(f"  kept      {shown(failure.kept, root)} (the notebook as far as it ran)")
    return lines[:WIDEST_FAILURE]


def summary(
    stages: Sequence[Stage], failures: Mapping[str, Failure], states: Mapping[str, str], out: Path, root: Path
) -> list[str]:
    """Tell how a build ended and where its results are."""
    lines = []
    for stage in stages:
        if stage.name in failures:
            lines += ["", *describe_failure(stage, failures[stage.name], root)]
    not_run = [name for name, state in states.items() if state == "waiting"]
    if not_run:
        lines += ["", f"Not run, because they build on what failed: {', '.join(not_run)}"]
    if failures:
        waits = "Nothing has been published: what was there before is as it was. The stages that are done are kept;"
        return lines + ["", waits, "the next run goes on from there and publishes everything together."]
    results = [path for stage in stages for path in stage.outputs if path.startswith("reports/")]
    folders = ["reports/notebooks/  (the executed notebooks)"]
    if any(path.startswith("data/processed/") for stage in stages for path in stage.outputs):
        folders.append("data/processed/  (the tables)")
    return ["", f"Done. Results in {out}:", *(f"  {path}" for path in sorted(results) + folders)]


def shown(path: Path, root: Path) -> str:
    """Return a path as a reader would type it: short inside the project, full elsewhere."""
    return str(path.relative_to(root)) if path.is_relative_to(root) else str(path)
