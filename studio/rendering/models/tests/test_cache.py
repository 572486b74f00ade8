import gc
import threading
import weakref
from concurrent.futures import ThreadPoolExecutor

import pytest

from studio.rendering.models import tiny
from studio.rendering.models.cache import WarmCache, engine_lease, load_engine
from studio.rendering.plan import ModelSpec


class Model:
    def __init__(self, nbytes: int) -> None:
        self.nbytes = nbytes


def test_the_least_recently_used_goes_when_the_bytes_run_out():
    cache = WarmCache[Model](capacity=100)
    for name, size in (("a", 40), ("b", 40)):
        cache.get(name, lambda size=size: Model(size))
    cache.get("a", lambda: pytest.fail("a was built twice"))
    cache.get("c", lambda: Model(40))
    assert [name in cache for name in "abc"] == [True, False, True]
    assert cache.nbytes == 80


def test_eviction_frees_the_memory():
    cache = WarmCache[Model](capacity=100)
    gone = weakref.ref(cache.get("a", lambda: Model(60)))
    cache.get("b", lambda: Model(60))
    gc.collect()
    assert gone() is None


def test_a_leased_model_stays_even_over_capacity_and_goes_afterwards():
    cache = WarmCache[Model](capacity=100)
    with cache.lease("a", lambda: Model(80)), cache.lease("b", lambda: Model(80)):
        assert cache.nbytes == 160
        cache.clear()
        assert "a" in cache
        assert "b" in cache
    assert cache.nbytes <= 100
    cache.clear()
    assert cache.nbytes == 0


def test_a_model_larger_than_the_cache_can_still_be_used():
    cache = WarmCache[Model](capacity=10)
    assert cache.get("a", lambda: Model(50)).nbytes == 50


def test_a_failed_build_leaves_nothing():
    cache = WarmCache[Model](capacity=100)
    with pytest.raises(KeyError):
        cache.get("a", lambda: {}["missing"])
    assert "a" not in cache


def test_models_are_built_one_at_a_time_and_once():
    cache = WarmCache[Model](capacity=100)
    building = threading.Lock()
    built = []

    def build(name: str) -> Model:
        assert building.acquire(blocking=False), "two builds at once"
        built.append(name)
        # A build that takes a while, so that the other threads run into it.
        gc.collect()
        building.release()
        return Model(1)

    with ThreadPoolExecutor(8) as pool:
        names = ["a", "b", "c", "d"] * 4
        list(pool.map(lambda name: cache.get(name, lambda: build(name)), names))
    assert sorted(built) == ["a", "b", "c", "d"]


def test_engines_stay_warm_until_their_files_change(tmp_path):
    spec = ModelSpec("sd15", str(tiny.build_sd15(tmp_path / "model")))
    engine = load_engine(spec, device="cpu")
    assert load_engine(spec, device="cpu") is engine
    with engine_lease(ModelSpec("sd15", spec.location, scheduler="euler", steps=4), device="cpu") as leased:
        assert leased is engine
    tiny.build_sd15(tmp_path / "new", seed=1).rename(tmp_path / "swap")
    (tmp_path / "model").rename(tmp_path / "old")
    (tmp_path / "swap").rename(tmp_path / "model")
    assert load_engine(spec, device="cpu") is not engine
