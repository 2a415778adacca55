"""Who does work that can be shared out: this process, several processes, or a Dask cluster.

One setting chooses, the environment variable ``TOWNS_INDEX_WORKERS``:

- unset or ``1``: this process;
- a number such as ``4``: that many processes of this machine;
- ``dask:ADDRESS``, such as ``dask:tcp://10.0.0.1:8786``: a Dask cluster that runs already and whose
  workers have this package.

The results are the same wherever the work is done: nothing random may be drawn in a share of it.
"""

import os
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager

from joblib import Parallel, delayed, parallel_config

VARIABLE = "TOWNS_INDEX_WORKERS"
DASK = "dask:"
BATCHES = 4  # for each worker: few enough to cost little, enough for the quick to relieve the slow
PATIENCE = 10  # seconds in which a cluster must answer


class BadWorkers(ValueError):
    """The setting cannot be understood, or those it names cannot be reached."""


def setting() -> int | str:
    """Number of local processes, or the address of a Dask cluster.

    Raises
    ------
    BadWorkers
        In plain words, if ``TOWNS_INDEX_WORKERS`` says anything else.
    """
    text = os.environ.get(VARIABLE, "").strip() or "1"
    if text.startswith(DASK) and text != DASK:
        return text.removeprefix(DASK)
    if text.isdecimal() and int(text) > 0:
        return int(text)
    raise BadWorkers(
        f"{VARIABLE} is {text!r}; it must be a number of processes from 1, or {DASK}ADDRESS for a Dask cluster, "
        f"such as {DASK}tcp://127.0.0.1:8786"
    )


def share_out(work: Callable[..., list], items: Sequence, *common) -> list:
    """Results for all items, in their order, computed by whoever the setting names.

    Parameters
    ----------
    work : callable
        ``work(some, *common)`` gives a list with one result for each of some of the items. A function
        of a module, so that another process finds it by its name.
    items : sequence
        What the work is done on, one result each.
    *common
        What every share of the work needs; sent with it.

    Raises
    ------
    BadWorkers
        See :func:`setting`; also if the cluster cannot be reached.
    """
    chosen = setting()
    if chosen == 1:
        return work(items, *common)
    with _local(chosen) if isinstance(chosen, int) else _cluster(chosen) as count:
        shares = Parallel(batch_size=1)(delayed(work)(some, *common) for some in batches(items, count * BATCHES))
    return [result for share in shares for result in share]


def batches(items: Sequence, count: int) -> list[Sequence]:
    """The items in at most `count` runs, none empty, whose lengths differ by one at most."""
    count = min(count, len(items))
    bounds = [len(items) * number // count for number in range(count + 1)] if count else []
    return [items[start:end] for start, end in zip(bounds, bounds[1:], strict=False)]


@contextmanager
def _local(count: int) -> Iterator[int]:
    with parallel_config("loky", n_jobs=count):
        yield count


@contextmanager
def _cluster(address: str) -> Iterator[int]:
    """A connection to a Dask cluster; gives the number of tasks that it does at a time."""
    try:
        from distributed import Client
    except ImportError:
        raise BadWorkers(
            f"{VARIABLE} names a Dask cluster, but Dask is not installed here. Install it (pip install distributed), "
            f"or unset {VARIABLE} to work without it."
        ) from None
    try:
        client = Client(address, timeout=PATIENCE, set_as_default=False)
    except (OSError, ValueError) as error:
        raise BadWorkers(
            f"{VARIABLE} names the Dask cluster {address}, which does not answer ({error}). "
            f"Start it, correct its address, or unset {VARIABLE} to work without it."
        ) from None
    with client, parallel_config("dask", client=client, n_jobs=-1):
        yield max(1, sum(client.ncores().values()))
