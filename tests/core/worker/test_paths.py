"""Results of files that changed are not mixed with those of files that did not."""

from __future__ import annotations

import json
import os

from reflow.filesystem.stamps import take_stamp

READ = """
@flow.array_job()
def task(file: Annotated[Path, {marker}]) -> str:
    return file.read_text()
"""

RESULT = READ.format(marker="Result(step='other')")
PARAM = READ.format(marker="Param()")


def value(path):
    return {"$path": [str(path), take_stamp(str(path))]}


def changed(path, text="changed!"):
    path.write_text(text)
    os.utime(path, (1, 1))


def only_end(run, sub):
    return run.ends(sub)[0]


def test_file_as_it_was_stamped_is_used(call, tmp_path):
    file = tmp_path / "a.txt"
    file.write_text("data")

    end = only_end(*call(RESULT, [{"file": value(file)}]))

    assert (end.state, end.unusable) == ("succeeded", "")


def test_result_s_file_that_was_overwritten_fails_with_both_stamps_and_the_remedy(call, tmp_path):
    file = tmp_path / "a.txt"
    file.write_text("data")
    given = value(file)
    changed(file)

    end = only_end(*call(RESULT, [{"file": given}]))

    assert (end.state, end.charge) == ("failed", "stamp")
    assert "4 bytes of" in end.reason
    assert "8 bytes of" in end.reason
    assert 'track="path"' in end.reason


def test_result_s_file_that_is_missing_is_the_function_s_business(call, tmp_path):
    file = tmp_path / "a.txt"
    file.write_text("data")
    given = value(file)
    file.unlink()

    end = only_end(*call(RESULT, [{"file": given}]))

    assert end.charge == "exception"
    assert "FileNotFoundError" in end.reason


def test_parameter_s_file_that_changed_is_used_and_the_result_is_not_reusable(call, tmp_path):
    file = tmp_path / "a.txt"
    file.write_text("data")
    given = value(file)
    changed(file)

    end = only_end(*call(PARAM, [{"file": given}]))

    assert json.loads(end.value) == "changed!"
    assert "changed since the run was submitted" in end.unusable
    assert 'Param(track="path")' in end.unusable


def test_trusted_name_is_not_looked_at(call, tmp_path):
    file = tmp_path / "a.txt"
    file.write_text("data")

    end = only_end(*call(RESULT, [{"file": {"$path": [str(file), None]}}]))

    assert (end.state, end.unusable) == ("succeeded", "")


def test_input_that_changes_during_the_call_makes_the_result_not_reusable(call, tmp_path):
    file = tmp_path / "a.txt"
    file.write_text("data")
    text = RESULT.replace("return", "file.write_text('other one')\n    return")

    end = only_end(*call(text, [{"file": value(file)}]))

    assert end.state == "succeeded"
    assert "changed while the task ran" in end.unusable


def test_returned_file_is_stamped_as_it_is_then(call):
    text = """
@flow.array_job()
def task(run_dir: RunDir) -> list[Path]:
    (run_dir / "out.txt").write_text("12345")
    return [run_dir / "out.txt"]
"""
    run, sub = call(text)

    end = only_end(run, sub)
    path = os.path.join(run.paths.run_dir, "out.txt")
    assert json.loads(end.value) == [{"$path": [path, take_stamp(path)]}]
    assert end.paths


def test_output_that_is_a_name_only_carries_no_stamp(call):
    text = "@flow.array_job(track='path')\ndef task() -> Path:\n    return Path('/nowhere/x')\n"

    assert json.loads(only_end(*call(text)).value) == {"$path": ["/nowhere/x", None]}
