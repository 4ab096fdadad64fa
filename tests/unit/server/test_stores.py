"""All four stores behave alike, also when several threads write at once."""

import multiprocessing
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from server.albums import Album, starting_albums
from server.stores import AlbumStore, DuplicateAlbumError, open_store
from tests.support.fuzzing import fuzz

NAMES = ["list", "dict", "cached", "sqlite"]
MakeStore = Callable[..., AlbumStore]


def album(album_id: str) -> Album:
    return Album(id=album_id, title=f"Title {album_id}", artist="Artist", price=1.5)


@pytest.fixture(params=NAMES)
def make_store(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> MakeStore:
    def make(albums: int = 3, albums_max: int | None = None) -> AlbumStore:
        path = tmp_path_factory.mktemp("store") / "albums.sqlite"
        return open_store(request.param, starting_albums(albums), albums_max=albums_max, path=path)

    return make


def ids(store: AlbumStore) -> list[str]:
    return [entry["id"] for entry in orjson.loads(store.dump())]


def test_starts_with_the_published_albums(make_store: MakeStore) -> None:
    assert orjson.loads(make_store().dump()) == [
        {"id": "1", "title": "Blue Train", "artist": "John Coltrane", "price": 56.99},
        {"id": "2", "title": "Jeru", "artist": "Gerry Mulligan", "price": 17.99},
        {"id": "3", "title": "Sarah Vaughan and Clifford Brown", "artist": "Sarah Vaughan", "price": 39.99},
    ]


@pytest.mark.parametrize("count", [0, 1, 3, 500])
def test_is_filled_to_the_number_asked_for(make_store: MakeStore, count: int) -> None:
    store = make_store(count)
    assert ids(store) == [str(n) for n in range(1, count + 1)]
    assert len(store) == count


def test_added_album_is_found_and_listed_last(make_store: MakeStore) -> None:
    store = make_store()
    store.add(album("x"))
    assert store.get("x") == album("x")
    assert ids(store)[-1] == "x"
    assert store.get("y") is None


def test_first_album_of_an_empty_store(make_store: MakeStore) -> None:
    store = make_store(0)
    assert orjson.loads(store.dump()) == []
    store.add(album("x"))
    assert ids(store) == ["x"]


def test_duplicate_is_refused_and_changes_nothing(make_store: MakeStore) -> None:
    store = make_store()
    with pytest.raises(DuplicateAlbumError):
        store.add(Album(id="2", title="Other", artist="Other", price=0))
    assert store.get("2").title == "Jeru"  # type: ignore[union-attr]
    assert len(store) == 3


def test_bound_pushes_out_the_oldest_posted_album(make_store: MakeStore) -> None:
    store = make_store(3, albums_max=5)
    for name in ("a", "b", "c", "d"):
        store.add(album(name))
    assert ids(store) == ["1", "2", "3", "c", "d"]
    assert store.get("a") is None
    store.add(album("a"))  # its id is free again
    assert ids(store) == ["1", "2", "3", "d", "a"]


def test_bound_below_the_start_keeps_the_start_and_the_newest(make_store: MakeStore) -> None:
    store = make_store(3, albums_max=1)
    for name in ("a", "b"):
        store.add(album(name))
    assert ids(store) == ["1", "2", "3", "b"]


def test_concurrent_writers_lose_and_double_nothing(make_store: MakeStore) -> None:
    store = make_store(10)
    writers, each = 8, 50

    def write(writer: int) -> int:
        refused = 0
        for n in range(each):
            store.add(album(f"{writer}-{n}"))
            try:
                store.add(album(f"shared-{n}"))
            except DuplicateAlbumError:
                refused += 1
            store.dump()
            assert store.get(f"{writer}-{n}") is not None
        return refused

    with ThreadPoolExecutor(writers) as pool:
        refused = sum(pool.map(write, range(writers)))
    assert refused == (writers - 1) * each
    assert len(ids(store)) == len(set(ids(store))) == len(store) == 10 + writers * each + each


def test_bound_holds_under_concurrent_writers(make_store: MakeStore) -> None:
    store = make_store(3, albums_max=20)
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda n: store.add(album(f"n{n}")), range(400)))
    assert len(store) == len(set(ids(store))) == 20
    assert ids(store)[:3] == ["1", "2", "3"]


@pytest.mark.slow
def test_sqlite_is_filled_once_by_whichever_process_comes_first(tmp_path: Path) -> None:
    with multiprocessing.get_context("spawn").Pool(8) as pool:
        for attempt in range(3):
            path = tmp_path / f"{attempt}.sqlite"
            assert pool.map(_open_and_count, [path] * 8, chunksize=1) == [100] * 8
            store = open_store("sqlite", starting_albums(100), path=path)
            store.add(album("x"))
            assert open_store("sqlite", starting_albums(100), path=path).get("x") == album("x")


def _open_and_count(path: Path) -> int:
    return len(open_store("sqlite", starting_albums(100), path=path))


@fuzz(30)
@given(st.lists(st.sampled_from("abcdefgh"), max_size=30), st.one_of(st.none(), st.integers(1, 8)))
def test_stores_agree_on_any_sequence(
    tmp_path_factory: pytest.TempPathFactory, posted: list[str], bound: int | None
) -> None:
    outcomes = []
    for name in NAMES:
        path = tmp_path_factory.mktemp("store") / "albums.sqlite"
        store = open_store(name, starting_albums(2), albums_max=bound, path=path)
        refused = []
        for album_id in posted:
            try:
                store.add(album(album_id))
            except DuplicateAlbumError:
                refused.append(album_id)
        outcomes.append((refused, orjson.loads(store.dump()), len(store)))
    assert all(outcome == outcomes[0] for outcome in outcomes[1:])


def test_unknown_store_is_named() -> None:
    with pytest.raises(ValueError, match="no store is called redis"):
        open_store("redis", [])
