"""A Path is known by the file behind it: what happens to that file decides what runs again."""

from __future__ import annotations

import os
import shutil

import pytest

from reflow import Workflow


def touch(path):
    found = path.stat()
    os.utime(path, ns=(found.st_atime_ns, found.st_mtime_ns + 1_000_000))


def edit(path):
    path.write_text(path.read_text() + "!")


def edit_in_secret(path):
    """Change what a file says, and neither its size nor its time."""
    found = path.stat()
    path.write_text("*" * found.st_size)
    os.utime(path, ns=(found.st_atime_ns, found.st_mtime_ns))


def replace(path):
    new = path.with_name("new")
    new.write_text("replaced")
    new.replace(path)


def delete(path):
    path.unlink()


def leave(path):
    """Look at a file, which changes nothing."""
    path.read_text()


def recreate(path):
    """Make a file again as it was, but for its time."""
    text, found = path.read_text(), path.stat()
    path.unlink()
    path.write_text(text)
    os.utime(path, ns=(found.st_atime_ns, found.st_mtime_ns + 1))


def restore(path):
    """Make a file again as it was, as from a backup."""
    text, found = path.read_text(), path.stat()
    path.unlink()
    path.write_text(text)
    os.utime(path, ns=(found.st_atime_ns, found.st_mtime_ns))


def to_directory(path):
    path.unlink()
    path.mkdir()


only_local = pytest.mark.parametrize(
    "executor", ["local"]
)  # what is looked at does not depend on what runs it

CHANGES = {
    # what happens to the files: which tasks notice
    leave: [],
    touch: ["by_stat", "each x"],
    edit: ["by_content", "by_stat", "each x"],
    edit_in_secret: ["by_content"],
    replace: ["by_content", "by_stat", "each x"],
    delete: ["by_content", "by_stat", "each x"],
    recreate: ["by_stat", "each x"],
    restore: [],
    to_directory: ["by_content", "by_stat", "each x"],
}


@pytest.fixture
def files(tmp_path):
    folder = tmp_path / "in"
    folder.mkdir()
    for name in "xyz":
        (folder / name).write_text(f"file {name}")
    return [folder / name for name in "xyz"]


def given(files):
    x, y, _ = files
    return {"file": x, "text": x, "place": x, "files": [x, y]}


@pytest.mark.parametrize("change", CHANGES, ids=lambda change: change.__name__)
def test_an_input_file_that_changed_is_noticed_as_track_says(lab, flows, files, change):
    inputs = flows("files").inputs
    lab.submit(inputs, **given(files))

    change(files[0])
    again = lab.submit(inputs, **given(files))

    assert again.calls == CHANGES[change]
    assert again.state == "succeeded"


@only_local
@pytest.mark.parametrize("change", CHANGES, ids=lambda change: change.__name__)
def test_a_file_that_is_bound_by_include_is_noticed_like_one_that_is_given(lab, flows, files, change):
    def bound():
        workflow = Workflow("bound")
        workflow.include(flows("files").inputs, params=given(files))
        return workflow

    lab.submit(bound())
    change(files[0])
    again = lab.submit(bound())

    assert again.calls == CHANGES[change]
    assert again.state == "succeeded"


def test_a_file_whose_content_was_changed_in_secret_is_read_again_by_the_same_process(lab, flows, files):
    inputs = flows("files").inputs
    lab.submit(inputs, **given(files))
    edit_in_secret(files[0])

    calls = [lab.submit(inputs, **given(files)).calls for _ in range(2)]

    assert calls == [["by_content"], []]


def test_another_file_with_the_same_content_is_another_file(local_lab, flows, files):
    inputs = flows("files").inputs
    local_lab.submit(inputs, **given(files))
    shutil.copy2(files[0], files[2])

    again = local_lab.submit(inputs, file=files[2], text=files[2], place=files[2], files=files)

    assert again.calls == ["by_content", "by_name", "by_stat", "each z"]


def test_the_same_file_by_another_spelling_is_the_same_file(local_lab, flows, files, monkeypatch):
    inputs = flows("files").inputs
    local_lab.submit(inputs, **given(files))
    monkeypatch.chdir(files[0].parent)
    x, y = "x", ".//y"

    again = local_lab.submit(inputs, file=x, text=x, place=f"./{x}", files=[x, y])

    assert again.calls == []


def test_a_directory_is_known_by_the_files_below_it(local_lab, flows, files):
    inputs, folder = flows("files").inputs, files[0].parent
    (folder / "sub").mkdir()
    below = folder / "sub" / "deep"
    below.write_text("deep")
    words = {"file": folder, "text": folder, "place": folder, "files": []}

    calls = [local_lab.submit(inputs, **words).calls]
    for change in (leave, touch, edit, edit_in_secret, delete):
        change(below)
        calls.append(local_lab.submit(inputs, **words).calls)

    assert calls == [
        ["by_content", "by_name", "by_stat"], [], ["by_stat"], ["by_content", "by_stat"], ["by_content"],
        ["by_content", "by_stat"],
    ]  # fmt: skip


def test_a_directory_of_too_many_files_is_refused_with_the_remedy(local_lab, flows, files, tmp_path):
    many = tmp_path / "many"
    many.mkdir()
    for number in range(10_001):
        os.close(os.open(many / str(number), os.O_CREAT | os.O_WRONLY))

    with pytest.raises(Exception, match='more than 10000 entries; say track="path"'):
        local_lab.submit(flows("files").inputs, **{**given(files), "file": many})
    assert local_lab.submit(flows("files").inputs, **{**given(files), "place": many}).state == "succeeded"


MADE = [
    "finish", "make p", "make q", "make_by_content", "make_by_name", "use p", "use q", "use_by_content", "use_by_name"
]  # fmt: skip


@pytest.fixture
def made(lab, flows, tmp_path):
    """Files that a run has made, in a directory that later runs share."""
    out = tmp_path / "out"
    out.mkdir()
    first = lab.submit(flows("files").outputs, out=out)
    assert first.calls == MADE
    return out


def test_what_was_made_is_reused(lab, flows, made):
    assert lab.submit(flows("files").outputs, out=made).calls == []


FOREIGN = {
    # what somebody else does to the files p, c and n that tasks made: what runs again
    "leave": [],
    "touch": ["make p"],
    "edit": ["make p", "make_by_content"],
    "edit_in_secret": ["make_by_content"],
    "replace": ["make p", "make_by_content"],
    "delete": [],
    "recreate": ["make p"],
    "restore": [],
}


@only_local
@pytest.mark.parametrize("change", FOREIGN)
def test_a_file_that_was_made_and_then_changed_by_somebody_else_is_made_again(lab, flows, made, change):
    for name in "pcn":
        globals()[change](made / name)

    again = lab.submit(flows("files").outputs, out=made)

    assert again.calls == FOREIGN[change]
    assert again.state == "succeeded"
    assert again.result("use") == ["text", "text"]
    assert lab.submit(flows("files").outputs, out=made).calls == []


IN_DIRECTORIES = {
    # what happens to a file below directories that tasks made: which of these are made again
    "leave": [],
    "touch": ["by_stat"],
    "edit": ["by_content", "by_stat"],
    "edit_in_secret": ["by_content"],
    "delete": ["by_content", "by_stat"],
    "recreate": ["by_stat"],
    "restore": [],
}


@only_local
@pytest.mark.parametrize("change", IN_DIRECTORIES)
def test_a_directory_that_was_made_is_known_by_the_files_below_it(lab, flows, tmp_path, change):
    folders = flows("files").folders
    lab.submit(folders, out=tmp_path)
    for track in ("stat", "content", "path"):
        globals()[change](tmp_path / track / "sub" / "0.0")

    again = lab.submit(folders, out=tmp_path)

    assert again.calls == IN_DIRECTORIES[change]
    assert again.state == "succeeded"


@only_local
def test_directories_that_were_cleaned_up_are_made_again_when_asked_to_look(lab, flows, tmp_path):
    folders = flows("files").folders
    lab.submit(folders, out=tmp_path)
    for track in ("stat", "content", "path"):
        shutil.rmtree(tmp_path / track)

    assert lab.submit(folders, out=tmp_path).calls == []
    assert lab.submit(folders, out=tmp_path, verify=True).calls == ["by_content", "by_path", "by_stat"]


@only_local
def test_an_input_that_comes_back_as_it_was_is_what_it_was(lab, flows, files):
    inputs, kept = flows("files").inputs, files[0].with_name("kept")
    lab.submit(inputs, **given(files))
    shutil.copy2(files[0], kept)
    delete(files[0])
    lab.submit(inputs, **given(files))
    kept.rename(files[0])

    assert lab.submit(inputs, **given(files)).calls == []


@only_local
def test_what_reads_a_file_that_was_made_again_is_given_the_new_one(lab, flows, made):
    touch(made / "p")
    lab.submit(flows("files").outputs, out=made)

    again = lab.submit(flows("files").outputs, out=made, mark="<")

    assert again.calls == ["finish", "use p", "use q"]
    assert again.result("use") == ["<text", "<text"]


@only_local
def test_a_file_that_is_made_by_force_is_another_file_to_what_reads_it(lab, flows, made):
    again = lab.submit(flows("files").outputs, out=made, force_tasks=["make"])

    assert again.calls == ["make p", "make q", "use p", "use q"]
    assert lab.submit(flows("files").outputs, out=made).calls == []


@only_local
def test_files_that_were_cleaned_up_are_missed_when_asked_to_look_by_what_reads_them(lab, flows, made):
    for name in "pcn":
        delete(made / name)

    assert lab.submit(flows("files").outputs, out=made, verify=True).calls == []
    again = lab.submit(flows("files").outputs, out=made, mark="<", verify=True)

    assert again.calls == ["finish", "make p", "use p", "use q"]
    assert again.state == "succeeded"


def test_a_file_that_was_cleaned_up_and_is_wanted_again_fails_its_reader_and_a_retry_makes_it(
    lab, flows, made
):
    delete(made / "p")

    again = lab.submit(flows("files").outputs, out=made, mark="<")
    assert again.state == "failed"
    assert list(again.errors) == ["use[0]"]
    assert "FileNotFoundError" in again.errors["use[0]"]

    with lab.home():
        again.run.retry()
        again.run.wait(60)
    assert again.state == "succeeded"
    assert again.calls == ["finish", "make p", "use p", "use p", "use q"]
    assert again.result("use") == ["<text", "<text"]


MEDDLED = {
    # what happens to a file between the task that returned it and the one that takes it
    "not": ("succeeded", "as written"),
    "remove": ("succeeded", "gone"),
    "touch": ("failed", None),
    "replace": ("failed", None),
}


@only_local
@pytest.mark.parametrize("how", MEDDLED)
def test_a_file_that_is_not_the_one_that_was_returned_fails_the_task_that_takes_it(lab, flows, tmp_path, how):
    state, value = MEDDLED[how]
    seen = lab.submit(flows("files").meddled, out=tmp_path, how=how)

    assert seen.run.status(as_dict=True)["tasks"]["consume"]["state"] == state
    assert seen.results("consume") == ({} if value is None else {0: value})
    if state == "failed":
        (message,) = [text for key, text in seen.errors.items() if key == "consume[0]"]
        assert f"file: {tmp_path / 'w'} is not the file that was returned: it was 10 bytes of" in message
        assert ", now it is " in message
        assert 'type: retry, or write track="path"' in message


@only_local
def test_what_was_made_without_a_file_that_was_gone_is_not_reused_once_it_is_there_again(
    lab, flows, tmp_path
):
    meddled = flows("files").meddled
    without = lab.submit(meddled, out=tmp_path, how="remove")
    told = [text for text in without.run.status(as_dict=True)["messages"] if "not reusable" in text]

    again = lab.submit(meddled, out=tmp_path, how="not", verify=True)

    assert told == [f"consume: not reusable: file: {tmp_path / 'w'} was gone when the task began"]
    assert again.calls == ["consume", "write"]
    assert again.result("consume") == "as written"


CHANGED = {
    # what a task does to the file that it was given, and that one after it is given too: whether they are reused
    "not": [],
    "touch": ["changes_its_input", "reads_after"],
    "replace": ["changes_its_input", "reads_after"],
    "remove": ["changes_its_input", "reads_after"],
}


@only_local
@pytest.mark.parametrize("how", CHANGED)
def test_a_result_of_a_file_that_changed_meanwhile_counts_in_its_run_and_is_not_reused(
    lab, flows, tmp_path, how
):
    file = tmp_path / "given"
    file.write_text("given")
    os.utime(file, (1, 1))
    changing = flows("files").changing

    first = lab.submit(changing, given=file, how=how)
    file.write_text("given")
    os.utime(file, (1, 1))
    again = lab.submit(changing, given=file, how=how)

    assert first.result("changes_its_input") == "given"
    assert again.calls == CHANGED[how]
    told = first.run.status(as_dict=True)["messages"]
    assert [message.split(":")[0] for message in told if "not reusable" in message] == CHANGED[how]


@only_local
def test_two_runs_that_overwrite_each_others_output_in_one_run_directory_never_mix(lab, flows, until):
    shared, place = flows("files").shared, lab.new_run_dir()
    place.mkdir()
    (place / "hold one").touch()
    first = lab.submit(shared, run_dir=place, wait=False, content="one")
    until(lambda: "produce one" in first.calls)
    other = lab.submit(shared, run_dir=place, content="two")
    (place / "hold one").unlink()
    with lab.home():
        first.run.wait(60)

    assert other.result("read") == "two"
    assert first.state == "failed"
    assert f"field: {place / 'field'} is not the file that was returned" in first.errors["read[0]"]

    lab.retry_all([first])
    assert first.result("read") == "one"
    assert lab.submit(shared, run_dir=place, content="two").result("read") == "two"
    assert lab.submit(shared, run_dir=place, content="one").result("read") == "one"


@only_local
def test_a_parameter_that_names_what_its_task_writes_is_reused_where_it_is_known_by_its_name(
    lab, flows, tmp_path
):
    naming = flows("files").naming
    given = {"out": tmp_path / "out", "place": tmp_path / "place"}

    first = lab.submit(naming, **given)
    again = lab.submit(naming, **given)

    assert first.calls == ["writes", "writes_by_name"]
    assert again.calls == ["writes"]
    for seen in (first, again):
        (told,) = seen.run.status(as_dict=True)["messages"]
        assert told.startswith(f"writes: not reusable: out: {tmp_path / 'out'} changed while the task ran")
        assert told.endswith('if it names what the run itself writes, say so by Param(track="path")')


def test_elements_that_write_into_one_store_say_that_its_name_is_trusted(lab, flows):
    watchful, trusting = (lab.submit(flows("files").__dict__[name]) for name in ("watchful", "trusting"))

    assert watchful.state == "failed"
    assert "is not the file that was returned" in next(iter(watchful.errors.values()))
    assert trusting.state == "succeeded"
    assert trusting.result("write") == [0, 1, 2]
