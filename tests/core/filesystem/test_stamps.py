"""A stamp changes when what is behind a Path changes, and only then."""

from __future__ import annotations

import json
import os

import pytest

from reflow.errors import ValueMisfit
from reflow.filesystem.stamps import DIRECTORY_LIMIT, take_stamp, without_time

TRACKS = ["stat", "content"]


def set_time(path, seconds):
    os.utime(path, ns=(seconds * 10**9, seconds * 10**9))


@pytest.fixture
def file(tmp_path):
    path = tmp_path / "a.nc"
    path.write_bytes(b"one")
    set_time(path, 1000)
    return path


@pytest.fixture
def folder(tmp_path):
    path = tmp_path / "folder"
    (path / "deep").mkdir(parents=True)
    for name in ("a.nc", "deep/b.nc"):
        (path / name).write_bytes(b"one")
        set_time(path / name, 1000)
    return path


def test_the_stamp_of_a_file_is_its_size_and_time(file):
    assert take_stamp(str(file)) == ["file", 3, 1000 * 10**9]


@pytest.mark.parametrize("track", TRACKS)
def test_a_file_that_is_not_there_is_missing(tmp_path, file, track):
    assert take_stamp(str(tmp_path / "none"), track) == ["missing"]
    assert take_stamp(str(file / "below"), track) == ["missing"]


@pytest.mark.parametrize("track", TRACKS)
def test_a_link_to_nothing_is_missing(tmp_path, track):
    (tmp_path / "link").symlink_to(tmp_path / "none")

    assert take_stamp(str(tmp_path / "link"), track) == ["missing"]


def test_a_link_has_the_stamp_of_what_it_names(tmp_path, file):
    (tmp_path / "link").symlink_to(file)

    assert take_stamp(str(tmp_path / "link")) == take_stamp(str(file))


def test_content_does_not_mind_the_time_and_sees_other_bytes_of_equal_size(file):
    before = take_stamp(str(file), "content")
    set_time(file, 2000)
    touched = take_stamp(str(file), "content")
    file.write_bytes(b"two")

    assert touched == before
    assert take_stamp(str(file), "content") != before


def test_a_name_that_is_trusted_has_no_stamp(tmp_path, file):
    assert take_stamp(str(file), "path") is None
    assert take_stamp(str(tmp_path / "none"), "path") is None


def change_bytes(folder):
    (folder / "deep" / "b.nc").write_bytes(b"two")
    set_time(folder / "deep" / "b.nc", 2000)


def add(folder):
    (folder / "deep" / "c.nc").write_bytes(b"")


def add_folder(folder):
    (folder / "empty").mkdir()


def rename(folder):
    (folder / "a.nc").rename(folder / "z.nc")


def swap(folder):
    (folder / "a.nc").rename(folder / "deep" / "a.nc")


def remove(folder):
    (folder / "a.nc").unlink()


@pytest.mark.parametrize("track", TRACKS)
@pytest.mark.parametrize("change", [change_bytes, add, add_folder, rename, swap, remove])
def test_a_directory_has_another_stamp_after(folder, change, track):
    before = take_stamp(str(folder), track)
    change(folder)

    assert take_stamp(str(folder), track) != before


@pytest.mark.parametrize("track", TRACKS)
def test_a_directory_has_the_same_stamp_wherever_it_stands_and_whenever_it_is_looked_at(
    folder, tmp_path, track
):
    before = take_stamp(str(folder), track)
    folder.rename(tmp_path / "elsewhere")

    assert take_stamp(str(tmp_path / "elsewhere"), track) == before
    assert take_stamp(str(tmp_path / "elsewhere") + "/", track) == before


def test_files_whose_names_hold_what_separates_them_are_told_apart(tmp_path):
    one, other = tmp_path / "one", tmp_path / "other"
    one.mkdir()
    other.mkdir()
    for path in (one / "a\nb", one / "c", other / "a", other / "b\nc"):
        path.write_bytes(b"")
        set_time(path, 1000)

    assert take_stamp(str(one)) != take_stamp(str(other))


def test_a_link_in_a_directory_that_names_nothing_is_no_error(folder):
    before = take_stamp(str(folder))
    (folder / "link").symlink_to("nowhere")

    assert take_stamp(str(folder)) != before


@pytest.mark.parametrize("track", TRACKS)
def test_a_link_in_a_directory_to_the_directory_itself_is_not_walked_for_ever(folder, track):
    (folder / "self").symlink_to(folder)

    assert take_stamp(str(folder), track) == take_stamp(str(folder), track)


@pytest.mark.parametrize("track", TRACKS)
@pytest.mark.parametrize("change", [change_bytes, add, remove])
def test_what_a_directory_links_to_counts_as_if_it_stood_there(folder, tmp_path, track, change):
    store = tmp_path / "store"
    store.mkdir()
    (store / "part").symlink_to(folder)
    (store / "again").symlink_to(folder)
    (folder / "back").symlink_to(store)
    before = take_stamp(str(store), track)
    change(folder)

    assert take_stamp(str(store), track) != before


def test_all_but_the_last_part_of_a_stamp_is_the_same_for_what_was_written_again(folder, file):
    stamps = take_stamp(str(folder)), take_stamp(str(file))
    set_time(folder / "deep" / "b.nc", 3000)
    set_time(file, 3000)
    touched = take_stamp(str(folder)), take_stamp(str(file))
    (folder / "deep" / "b.nc").write_bytes(b"longer")
    rewritten = take_stamp(str(folder))

    assert touched[0] != stamps[0]
    assert touched[1] != stamps[1]
    assert [without_time(stamp) for stamp in touched] == [without_time(stamp) for stamp in stamps]
    assert without_time(rewritten) != without_time(stamps[0])


def test_what_cannot_be_looked_at_in_a_directory_is_not_left_out(folder, monkeypatch):
    """Root may look at everything, so that the refusal is played here."""
    scan = os.scandir

    def refused(path):
        if os.path.basename(path) == "deep":
            raise PermissionError(13, "Permission denied", path)
        return scan(path)

    monkeypatch.setattr(os, "scandir", refused)
    with pytest.raises(PermissionError, match="deep"):
        take_stamp(str(folder))


def test_the_content_of_a_pipe_is_not_waited_for(tmp_path):
    folder = tmp_path / "folder"
    folder.mkdir()
    os.mkfifo(folder / "pipe")

    with pytest.raises(ValueMisfit, match=r'pipe\' is no regular file.*track="path"'):
        take_stamp(str(folder / "pipe"), "content")
    assert take_stamp(str(folder), "content") == take_stamp(str(folder), "content")


@pytest.mark.parametrize("stamp", [None, ["missing"], ["content", "51be"]])
def test_what_does_not_hold_a_time_is_the_same_without(stamp):
    assert without_time(stamp) == stamp


@pytest.mark.parametrize("track", TRACKS)
def test_a_name_that_is_no_unicode_is_no_error(folder, track):
    before = take_stamp(str(folder), track)
    with open(os.path.join(os.fsencode(folder), b"\xff.nc"), "wb"):
        pass

    assert take_stamp(str(folder), track) != before


def test_a_directory_of_too_many_entries_is_refused_with_what_to_say(tmp_path, monkeypatch):
    monkeypatch.setattr("reflow.filesystem.stamps.DIRECTORY_LIMIT", 3)
    for number in range(4):
        (tmp_path / str(number)).write_bytes(b"")

    with pytest.raises(ValueMisfit, match=r'more than 3 entries(.|\n)*track="path"'):
        take_stamp(str(tmp_path))
    assert take_stamp(str(tmp_path), "path") is None


def test_ten_thousand_entries_are_walked():
    assert DIRECTORY_LIMIT == 10_000


@pytest.mark.parametrize("track", ["stat", "content", "path"])
def test_a_stamp_is_json(folder, file, track):
    for path in (folder, file):
        stamp = take_stamp(str(path), track)
        assert json.loads(json.dumps(stamp)) == stamp


def test_something_that_is_neither_file_nor_directory_does_not_block(tmp_path):
    os.mkfifo(tmp_path / "pipe")

    assert take_stamp(str(tmp_path / "pipe"))[0] == "file"
    assert take_stamp(str(tmp_path), "stat")[0] == "directory"
