"""Files are the old ones or the new ones, whole, and for their owner alone."""

from __future__ import annotations

import os
import stat
import subprocess
import sys

import pytest

from reflow.filesystem.files import make_directory, read_bytes, remove_directory, replace_file, write_new


@pytest.fixture(params=[0o000, 0o022, 0o777], ids=oct)
def umask(request):
    before = os.umask(request.param)
    yield
    os.umask(before)


def mode(path):
    return stat.S_IMODE(os.stat(path).st_mode)


def test_a_file_is_0600_whatever_the_umask(umask, tmp_path):
    write_new(str(tmp_path / "new"), [b"a", b"b"])
    replace_file(str(tmp_path / "replaced"), b"c")

    assert (mode(tmp_path / "new"), mode(tmp_path / "replaced")) == (0o600, 0o600)


@pytest.mark.parametrize("mask", [0o000, 0o077, 0o277])
def test_directories_are_0700_whatever_the_umask(mask, tmp_path):
    before = os.umask(mask)
    try:
        make_directory(str(tmp_path / "a" / "b" / "c"))
    finally:
        os.umask(before)

    assert [mode(tmp_path / "a" / "b" / "c"), mode(tmp_path / "a" / "b"), mode(tmp_path / "a")] == [0o700] * 3


def test_a_directory_that_is_there_keeps_its_mode(tmp_path):
    (tmp_path / "a").mkdir()
    (tmp_path / "a").chmod(0o755)

    make_directory(str(tmp_path / "a" / "b"))

    assert mode(tmp_path / "a") == 0o755


def test_a_file_in_the_place_of_a_directory_is_an_error(tmp_path):
    (tmp_path / "a").write_text("")

    for path in (tmp_path / "a", tmp_path / "a" / "b"):
        with pytest.raises(OSError):
            make_directory(str(path))


def test_a_new_file_is_never_written_over_one_that_is_there(tmp_path):
    write_new(str(tmp_path / "new"), [b"old"])

    with pytest.raises(FileExistsError):
        write_new(str(tmp_path / "new"), [b"new"])
    assert (tmp_path / "new").read_bytes() == b"old"


def test_a_new_file_is_never_written_through_a_link(tmp_path):
    (tmp_path / "link").symlink_to(tmp_path / "target")

    with pytest.raises(FileExistsError):
        write_new(str(tmp_path / "link"), [b"new"])
    assert not (tmp_path / "target").exists()


def test_a_replaced_file_is_the_new_one_and_nothing_is_left_beside_it(tmp_path):
    replace_file(str(tmp_path / "file"), b"old")
    replace_file(str(tmp_path / "file"), iter([b"n", b"ew"]))

    assert read_bytes(str(tmp_path / "file")) == b"new"
    assert os.listdir(tmp_path) == ["file"]


def test_replacing_takes_the_place_of_a_link_and_leaves_what_it_names(tmp_path):
    (tmp_path / "target").write_bytes(b"theirs")
    (tmp_path / "link").symlink_to(tmp_path / "target")

    replace_file(str(tmp_path / "link"), b"ours")

    assert (tmp_path / "target").read_bytes() == b"theirs"
    assert read_bytes(str(tmp_path / "link")) == b"ours"


def test_a_write_that_fails_half_way_leaves_the_old_file_and_nothing_beside_it(tmp_path):
    def chunks():
        yield b"half"
        raise KeyboardInterrupt

    replace_file(str(tmp_path / "file"), b"old")
    with pytest.raises(KeyboardInterrupt):
        replace_file(str(tmp_path / "file"), chunks())

    assert read_bytes(str(tmp_path / "file")) == b"old"
    assert os.listdir(tmp_path) == ["file"]


def test_a_file_in_the_working_directory_can_be_replaced(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)

    make_directory("a")
    replace_file("file", b"new")

    assert sorted(os.listdir(tmp_path)) == ["a", "file"]


@pytest.mark.parametrize("limit", [40, 64, 65, 1024])
def test_files_are_opened_high_as_far_as_so_many_may_be_open(tmp_path, limit):
    (tmp_path / "file").write_text("text")
    code = f"""
import os, resource
from reflow.filesystem.files import opened_high
resource.setrlimit(resource.RLIMIT_NOFILE, ({limit}, {limit}))
numbers = [opened_high("file", os.O_RDONLY) for _ in range(2)]
print(*numbers, *(os.pread(number, 9, 0) for number in numbers))
"""
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=tmp_path, capture_output=True, text=True, check=False
    )

    first, second, *texts = done.stdout.split()
    assert min(int(first), int(second)) >= 16, done.stderr
    assert texts == ["b'text'", "b'text'"]


def test_reading_never_follows_a_link(tmp_path):
    (tmp_path / "target").write_bytes(b"theirs")
    (tmp_path / "link").symlink_to(tmp_path / "target")

    with pytest.raises(OSError):
        read_bytes(str(tmp_path / "link"))


@pytest.mark.parametrize("call", ["openat", "pwrite64", "write", "fsync", "rename"])
def test_a_kill_anywhere_leaves_the_old_file_or_the_new_one(tmp_path, call):
    path = tmp_path / "file"
    code = "import sys; from reflow.filesystem.files import replace_file; replace_file(sys.argv[1], b'new')"
    for number in (1, 2):
        path.write_bytes(b"old")
        strace = ["strace", "-f", "-qq", "-o", "/dev/null", "-P", str(path), "-P", str(tmp_path)]
        strace += ["-e", f"trace={call}", "-e", f"inject={call}:signal=SIGKILL:when={number}"]
        subprocess.run([*strace, sys.executable, "-c", code, str(path)], check=False)

        assert path.read_bytes() in (b"old", b"new")


def test_a_directory_is_removed_with_all_in_it_and_what_its_links_name_stays(tmp_path):
    (tmp_path / "kept").mkdir()
    (tmp_path / "kept" / "file").write_text("")
    (tmp_path / "gone" / "deep").mkdir(parents=True)
    (tmp_path / "gone" / "deep" / "file").write_text("")
    (tmp_path / "gone" / "link").symlink_to(tmp_path / "kept")

    remove_directory(str(tmp_path / "gone"))

    assert os.listdir(tmp_path) == ["kept"]
    assert os.listdir(tmp_path / "kept") == ["file"]


def test_removing_a_directory_that_is_not_there_is_no_error(tmp_path):
    remove_directory(str(tmp_path / "none"))

    assert os.listdir(tmp_path) == []
