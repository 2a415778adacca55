"""Work that is shared out: the setting is understood, and the results are the same wherever it is done."""

import math
import os
import sys

import pytest

from towns_index import workers


@pytest.fixture
def choose(monkeypatch):
    """Choose who works, as a reader would."""
    return lambda text: monkeypatch.setenv(workers.VARIABLE, text)


# Other processes find these by their names.


def powers(numbers, base):
    return [base**number for number in numbers]


def logarithms(numbers, base):
    return [math.log(number, base) for number in numbers]


def process(items):
    return [os.getpid() for _ in items]


@pytest.mark.parametrize(("text", "meant"), [("", 1), (" ", 1), ("1", 1), ("4", 4), ("dask:tcp://10.0.0.1:8786", "tcp://10.0.0.1:8786")])
def test_the_setting_is_understood(choose, text, meant):
    choose(text)
    assert workers.setting() == meant


def test_without_the_setting_this_process_works(monkeypatch):
    monkeypatch.delenv(workers.VARIABLE, raising=False)
    monkeypatch.setattr(workers, "Parallel", None)
    assert workers.share_out(powers, [1, 2, 3], 2) == [2, 4, 8]


@pytest.mark.parametrize("text", ["0", "-2", "1.5", "many", "dask", "dask:", "ray:here"])
def test_any_other_setting_is_refused_in_plain_words(choose, text):
    choose(text)
    with pytest.raises(workers.BadWorkers, match=r"TOWNS_INDEX_WORKERS is .*must be a number of processes"):
        workers.share_out(powers, [1], 2)


def test_batches_hold_everything_once_and_in_order():
    assert workers.batches([1, 2, 3, 4, 5, 6, 7], 3) == [[1, 2], [3, 4], [5, 6, 7]]
    assert workers.batches("abc", 8) == ["a", "b", "c"]
    assert workers.batches([], 4) == []


def test_two_processes_give_the_results_of_one_in_their_order(choose):
    alone = workers.share_out(logarithms, range(1, 30), 3)
    choose("2")
    assert workers.share_out(logarithms, range(1, 30), 3) == alone
    assert alone[:3] == [0, math.log(2, 3), 1]
    assert workers.share_out(logarithms, [], 3) == []


def test_an_error_in_another_process_comes_back(choose):
    choose("2")
    with pytest.raises(ValueError, match="math domain error|positive"):
        workers.share_out(logarithms, [1, 2, -1, 3], 3)


def test_the_processes_are_others(choose):
    choose("2")
    assert os.getpid() not in workers.share_out(process, range(4))


def test_a_dask_cluster_gives_the_same_results(choose):
    distributed = pytest.importorskip("distributed")
    with distributed.LocalCluster(n_workers=2, threads_per_worker=1, processes=False, dashboard_address=None) as cluster:
        choose(f"dask:{cluster.scheduler_address}")
        assert workers.share_out(powers, [3, 1, 2, 0, 5], 2) == [8, 2, 4, 1, 32]
        assert workers.share_out(powers, [], 2) == []


def test_a_cluster_that_does_not_answer_is_named(choose, monkeypatch):
    pytest.importorskip("distributed")
    monkeypatch.setattr(workers, "PATIENCE", 1)
    choose("dask:tcp://127.0.0.1:9")
    with pytest.raises(workers.BadWorkers, match=r"tcp://127\.0\.0\.1:9, which does not answer.*unset TOWNS_INDEX_WORKERS"):
        workers.share_out(powers, [1], 2)


def test_without_dask_the_remedy_is_named(choose, monkeypatch):
    monkeypatch.setitem(sys.modules, "distributed", None)
    choose("dask:tcp://127.0.0.1:8786")
    with pytest.raises(workers.BadWorkers, match=r"not installed here. Install it \(pip install distributed\), or unset"):
        workers.share_out(powers, [1], 2)
