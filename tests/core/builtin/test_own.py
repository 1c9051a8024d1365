"""Reflow's own verifiers keep the promises of a verifier, and look at what each is for."""

from __future__ import annotations

import os

import pytest

from reflow.builtin.checksum import ChecksumVerifier
from reflow.builtin.files import FilesVerifier
from reflow.builtin.own import NAMES, own_verifier
from reflow.builtin.size import SizeVerifier
from reflow.filesystem.stamps import DIRECTORY_LIMIT
from reflow.plugin import KeptFile, Verdict, take_stamp
from reflow.testing import VerifierContract


class OwnContract(VerifierContract):
    track = "stat"

    @pytest.fixture
    def kept(self, tmp_path):
        return None, made(tmp_path, self.track)


class TestFiles(OwnContract):
    @pytest.fixture
    def verifier(self):
        return FilesVerifier()


class TestFilesByName(TestFiles):
    track = "path"


class TestFilesByContent(TestFiles):
    track = "content"


class TestSize(OwnContract):
    @pytest.fixture
    def verifier(self):
        return SizeVerifier()


class TestSizeByName(TestSize):
    track = "path"


class TestSizeByContent(TestSize):
    track = "content"


class TestChecksum(OwnContract):
    track = "content"

    @pytest.fixture
    def verifier(self):
        return ChecksumVerifier()


def made(place, track):
    (place / "file").write_text("file")
    (place / "folder").mkdir()
    (place / "folder" / "entry").write_text("entry")
    paths = [str(place / "file"), str(place / "folder"), str(place / "folder" / "entry")]
    return [KeptFile(path, take_stamp(path, track)) for path in paths]


def age(place):
    os.utime(place / "file", (1, 1))


def rewrite(place):
    found = (place / "file").stat()
    (place / "file").write_text("FILE")
    os.utime(place / "file", ns=(found.st_atime_ns, found.st_mtime_ns))


def grow(place):
    (place / "file").write_text("a longer file")


def empty(place):
    (place / "file").write_text("")


def delete(place):
    (place / "file").unlink()


def leave_link(place):
    delete(place)
    (place / "file").symlink_to("cleaned up")


def add_entry(place):
    (place / "folder" / "other").write_text("other")


def to_folder(place):
    delete(place)
    (place / "file").mkdir()


NOTICED = {
    # what happens to the files: who notices, as name and track
    age: "files-stat",
    rewrite: "files-content size-content checksum-content",
    grow: "files-stat files-content size-stat size-content checksum-content",
    empty: "files-stat files-content size-stat size-content size-path checksum-content",
    delete: "files-stat files-content files-path size-stat size-content size-path checksum-content",
    leave_link: "files-stat files-content files-path size-stat size-content size-path checksum-content",
    add_entry: "files-stat files-content size-stat size-content checksum-content",
    to_folder: "files-stat files-content size-stat size-content size-path checksum-content",
}
PAIRS = [f"{name}-{track}" for name in ("files", "size") for track in ("stat", "content", "path")]


@pytest.mark.parametrize("pair", [*PAIRS, "checksum-content"])
@pytest.mark.parametrize("change", NOTICED, ids=lambda change: change.__name__)
def test_each_notices_what_it_is_for(tmp_path, change, pair):
    name, track = pair.split("-")
    files = made(tmp_path, track)
    change(tmp_path)

    verdict = own_verifier(name).verify(None, files)

    assert verdict.holds == (pair not in NOTICED[change].split())
    assert verdict.holds or str(tmp_path) in verdict.reason
    assert verdict.missing == (change in (delete, leave_link))


@pytest.mark.parametrize("name", NAMES)
def test_what_is_wrong_is_told_before_what_is_missing(tmp_path, name):
    files = made(tmp_path, "content")
    delete(tmp_path)
    (tmp_path / "folder" / "entry").write_text("other")

    verdict = own_verifier(name).verify(None, files)

    assert not verdict.missing
    assert "folder" in verdict.reason


@pytest.mark.parametrize("name", NAMES)
def test_a_file_that_never_was_there_is_missing_and_nothing_worse(tmp_path, name):
    nowhere = str(tmp_path / "nowhere")
    verdict = own_verifier(name).verify(None, [KeptFile(nowhere, take_stamp(nowhere))])

    assert verdict == Verdict(False, f"{nowhere} was never written", missing=True)


@pytest.mark.parametrize("name", NAMES)
def test_a_link_to_what_never_was_there_does_not_hold(tmp_path, name):
    link = tmp_path / "link"
    link.symlink_to("nowhere")
    verdict = own_verifier(name).verify(None, [KeptFile(str(link), take_stamp(str(link)))])

    assert verdict == Verdict(False, f"{link} was never written", missing=True)


@pytest.mark.parametrize(("entries", "holds"), [(0, False), (DIRECTORY_LIMIT + 1, True)])
def test_a_directory_that_is_known_by_name_may_have_any_number_of_entries_but_none(tmp_path, entries, holds):
    for number in range(entries):
        (tmp_path / str(number)).touch()

    verdict = SizeVerifier().verify(None, [KeptFile(str(tmp_path), None)])

    assert verdict.holds == holds


def test_a_checksum_that_was_not_taken_cannot_be_right(tmp_path):
    verdict = ChecksumVerifier().verify(None, made(tmp_path, "stat"))

    assert verdict == Verdict(False, f"{tmp_path / 'file'} was made without a checksum being taken")


def test_what_says_nothing_is_checked_by_its_files():
    assert own_verifier("").name == "files"
    assert own_verifier("netcdf") is None
