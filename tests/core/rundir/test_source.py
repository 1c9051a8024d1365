"""Workers run the source as it was at submit, under its own names."""

from __future__ import annotations

import json
import marshal
import os
import shutil
import subprocess
import sys
import time
import zipfile
from zlib import crc32

import pytest

from reflow.filesystem.project import is_project_file
from reflow.rundir.compiled import code_of, kept_of

SUBMIT = """
import json, sys
from reflow.rundir.layout import RunPaths
from reflow.rundir.source import collect
import pack.inner
paths = RunPaths(sys.argv[1])
print(json.dumps(collect(paths, ["reflow_local"])))
"""

WORK = """
import json, sys
from reflow.rundir.layout import RunPaths
from reflow.rundir.served import serve
served = serve(RunPaths(sys.argv[1]), json.loads(sys.argv[2]))
exec(sys.argv[3])
"""


@pytest.fixture
def project(tmp_path):
    (tmp_path / "pack").mkdir()
    (tmp_path / "pack" / "__init__.py").write_text("value = 'package'\n")
    (tmp_path / "pack" / "inner.py").write_text("from . import value\nfrom .far import far\nx = 1\n")
    (tmp_path / "pack" / "far.py").write_text("far = 'far'\n")
    (tmp_path / "pack" / "data.txt").write_text("data")
    (tmp_path / "my-flow.py").write_text(SUBMIT)
    return tmp_path


@pytest.fixture
def modules(project):
    return submitted(project)


def submitted(project):
    done = subprocess.run(
        [sys.executable, "my-flow.py", str(project / "run")],
        cwd=project,
        capture_output=True,
        text=True,
        check=True,
    )
    return json.loads(done.stdout)


def worked(project, modules, code):
    arguments = [str(project / "run"), json.dumps(modules), code]
    done = subprocess.run(
        [sys.executable, "-c", WORK, *arguments], cwd="/", capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


def test_flow_and_project_modules_are_copied_and_nothing_else(modules):
    assert set(modules) == {"my-flow", "pack", "pack.inner", "pack.far"}


def test_edit_after_submit_changes_nothing(project, modules):
    (project / "pack" / "inner.py").write_text("x = 2\n")

    assert worked(project, modules, "import pack.inner; print(pack.inner.x)") == "1"


def test_project_that_is_gone_is_served_all_the_same(project, modules):
    shutil.rmtree(project / "pack")

    assert worked(project, modules, "import pack.inner as m; print(m.x, m.far, m.value)") == "1 far package"


def test_module_has_its_own_names(project, modules):
    code = "import pack.inner as m; print(m.__name__, m.__package__, m.__file__, m.__spec__.origin)"
    file = project / "pack" / "inner.py"

    assert worked(project, modules, code) == f"pack.inner pack {file} {file}"


def test_main_script_is_served_under_its_real_name(project, modules):
    (project / "my-flow.py").write_text("raise SystemExit('not the copy')")
    entry = {"my-flow": modules["my-flow"]}
    rewrite(project, entry["my-flow"], "name = __name__")
    (project / "run" / "source" / "compiled").unlink()

    assert worked(project, modules, "print(__import__('my-flow').name)") == "my-flow"


def test_workers_need_not_compile_what_was_compiled_at_submit(project, modules):
    (project / "run" / "source" / "modules").unlink()

    assert worked(project, modules, "import pack.inner as m; print(m.x, m.far, m.value)") == "1 far package"


def test_code_of_another_python_is_not_run(project, modules):
    begin, end, _ = modules["pack.inner"]["code"]
    compiled = project / "run" / "source" / "compiled"
    code = b"none" + compiled.read_bytes()[begin + 4 : end]
    compiled.write_bytes(code)
    modules["pack.inner"]["code"] = [0, len(code), crc32(code)]

    assert_compiled_again(project, modules)


def test_code_that_is_not_as_it_was_written_is_not_run(project, modules):
    compiled = project / "run" / "source" / "compiled"
    content = compiled.read_bytes()
    begin, end, _ = modules["pack.inner"]["code"]
    changed = content[: begin + 20] + b"~" + content[begin + 21 :]
    for damaged in (b"", content[: begin + 3], content[: begin + 9], content[: end - 1], changed):
        compiled.write_bytes(damaged)
        assert_compiled_again(project, modules)


@pytest.mark.parametrize(
    "damage", [lambda text: text[: text.index(b"x = 1")], lambda text: text.replace(b"1", b"2")]
)
def test_text_that_is_not_as_it_was_written_is_not_run(project, modules, damage):
    (project / "run" / "source" / "compiled").unlink()
    texts = project / "run" / "source" / "modules"
    texts.write_bytes(damage(texts.read_bytes()))
    code = "try: import pack.inner\nexcept Exception as error: print(error)"

    assert worked(project, modules, code).startswith(f"{texts} is damaged")


def assert_compiled_again(project, modules):
    rewrite(project, modules["pack.inner"], "x = 'again'")

    assert worked(project, modules, "import pack.inner; print(pack.inner.x)") == "again"


def rewrite(project, entry, text):
    """Write another text over a copy, which is no shorter, and let its entry say so."""
    begin, end, _ = entry["copy"]
    content = text.encode().ljust(end - begin)
    with open(project / "run" / "source" / "modules", "r+b") as copies:
        copies.seek(begin)
        copies.write(content)
    entry["copy"] = [begin, end, crc32(content)]


SUBMIT_EDITED = """
import json, os, sys
from reflow.rundir.layout import RunPaths
from reflow.rundir.source import collect
import pack.inner
file = pack.inner.__file__
with open(file, "w") as module:
    module.write("x = 2\\n")
if sys.argv[2]:
    os.utime(file, (float(sys.argv[2]),) * 2)
print(json.dumps(collect(RunPaths(sys.argv[1]), ["reflow_local"])))
"""


@pytest.mark.parametrize("saved", ["", "1000000000"])
def test_copy_and_code_are_of_one_text_where_a_file_was_edited_after_it_was_imported(project, saved):
    (project / "pack" / "inner.py").write_text("x = 1\n")
    os.utime(project / "pack" / "inner.py", (999999999,) * 2)
    (project / "my-flow.py").write_text(SUBMIT_EDITED)
    argv = [sys.executable, "my-flow.py", str(project / "run"), saved]
    modules = json.loads(subprocess.run(argv, cwd=project, capture_output=True, check=True).stdout)

    assert worked(project, modules, "import pack.inner; print(pack.inner.x)") == "2"


def test_code_that_was_compiled_elsewhere_names_the_file_as_it_is_now(project):
    subprocess.run([sys.executable, "-m", "compileall", "-q", "pack"], cwd=project, check=True)
    moved = project.parent / "moved"
    project.rename(moved)
    modules = submitted(moved)

    found = worked(
        moved, modules, "import pack.inner as m; print(m.__spec__.loader.get_code('').co_filename)"
    )

    assert found == str(moved / "pack" / "inner.py")


@pytest.mark.parametrize(
    "text", ["print 'of Python 2'", "x = " + "+".join(9999 * ["y"]), "x = " + "-" * 99999 + "1"], ids=len
)
def test_module_that_python_cannot_compile_is_copied_all_the_same(project, text):
    (project / "pack" / "inner.py").write_text("def f():\n    from . import old\n")
    (project / "pack" / "old.py").write_text(text)
    modules = submitted(project)

    begin, end, _ = modules["pack.old"]["copy"]
    assert (project / "run" / "source" / "modules").read_bytes()[begin:end] == text.encode()


def test_tracebacks_show_the_original_file(project, modules):
    code = "import pack.inner as m, pack; print(m.far.__class__, pack.__spec__.loader.get_source('pack'))"

    assert "value = 'package'" in worked(project, modules, code)


def test_data_files_beside_a_module_are_found(project, modules):
    code = "import importlib.resources as r; print(r.files('pack').joinpath('data.txt').read_text())"

    assert worked(project, modules, code) == "data"


def test_module_outside_the_copy_loads_live_and_is_noted(project, modules):
    (project / "late.py").write_text("x = 3\n")
    code = f"sys.path.insert(0, {str(project)!r}); import late; print(late.x, served.live)"

    assert worked(project, modules, code) == f"3 { {'late': str(project / 'late.py')}!a}"


def test_module_in_an_archive_loads_live_and_is_noted(project):
    archive = project / "more.zip"
    with zipfile.ZipFile(archive, "w") as made:
        made.writestr("packed.py", "x = 5\n")
    (project / "pack" / "inner.py").write_text(
        f"import sys\nsys.path.insert(0, {str(archive)!r})\nimport packed\n"
    )
    code = "import pack.inner as m; print(m.packed.x, served.live)"

    assert worked(project, submitted(project), code) == f"5 { {'packed': str(archive / 'packed.py')}!a}"


def test_what_functions_import_is_in_the_copy_with_all_that_it_imports(project):
    (project / "pack" / "inner.py").write_text("def f():\n    from . import late\n    return late.x\n")
    (project / "pack" / "late.py").write_text("from .later.last import x\n")
    (project / "pack" / "later").mkdir()
    (project / "pack" / "later" / "last.py").write_text("x = 3\n")
    modules = submitted(project)
    (project / "pack" / "later" / "last.py").write_text("x = 4\n")

    assert worked(project, modules, "from pack.inner import f; print(f(), served.live)") == "3 {}"


def test_what_functions_import_and_nobody_can_read_is_copied_as_it_is(project):
    (project / "pack" / "inner.py").write_text("def f():\n    import broken\n")
    (project / "broken.py").write_text("y = = 1\n")

    assert submitted(project)["broken"]["file"] == str(project / "broken.py")


def test_installed_modules_are_not_noted(project, modules):
    code = "import json, pluggy; print(served.live)"

    assert worked(project, modules, code) == "{}"


def test_package_without_a_file_is_served(project):
    (project / "pack" / "__init__.py").unlink()
    (project / "pack" / "inner.py").write_text("x = 'inner'\n")
    modules = submitted(project)
    shutil.rmtree(project / "pack")

    assert worked(project, modules, "import pack.inner; print(pack.inner.x)") == "inner"


@pytest.mark.parametrize("place", ["site-packages", "dist-packages"])
def test_installed_files_are_no_project_files(place):
    assert not is_project_file(f"/home/somebody/{place}/numpy/__init__.py")


def test_library_is_no_project_file():
    assert not is_project_file(json.__file__)


def test_project_inside_the_environment_s_folder_is_one():
    assert is_project_file(f"{sys.prefix}/flow.py")


EDITED = """
import os, sys
sys.dont_write_bytecode = False
from reflow.errors import DefinitionError
from reflow.rundir.layout import RunPaths
from reflow.rundir.source import collect
import edited
try:
    collect(RunPaths(sys.argv[1]))
except DefinitionError as error:
    print(edited.x, error)
else:
    print(edited.x)
"""


def test_code_that_is_older_than_its_text_is_refused_once(tmp_path):
    file, second = tmp_path / "edited.py", 1_700_000_000 * 10**9

    def imported(number, text, saved_ms):
        file.write_text(text)
        os.utime(file, ns=(second + saved_ms * 10**6,) * 2)
        argv = [sys.executable, "-c", EDITED, str(tmp_path / f"run{number}")]
        return subprocess.run(argv, cwd=tmp_path, capture_output=True, text=True, check=True).stdout.strip()

    assert imported(1, "x = 1", 100) == "1"
    (compiled,) = tmp_path.glob("__pycache__/edited.*.pyc")
    os.utime(compiled, ns=(second + 200 * 10**6,) * 2)

    assert imported(2, "x = 1", 500) == "1"  # written again as it was
    told = imported(2, "x = 2", 600)
    assert told.startswith(f"1 {file} was changed and has the time and the size that it had before")
    assert imported(3, "x = 2", 600) == "2"
    assert imported(4, "x = 2", 600) == "2"


def test_edit_that_leaves_time_and_size_as_they_were_is_refused_once(tmp_path):
    file, hours_ago = tmp_path / "edited.py", time.time() - 9999
    argv = [sys.executable, "-c", EDITED, str(tmp_path / "run")]

    def imported(text):
        file.write_text(text)
        os.utime(file, (hours_ago,) * 2)
        shutil.rmtree(tmp_path / "run", ignore_errors=True)
        return subprocess.run(argv, cwd=tmp_path, capture_output=True, text=True, check=True).stdout.strip()

    assert imported("x = 1") == "1"
    assert imported("x = 2").startswith(
        f"1 {file} was changed and has the time and the size that it had before"
    )
    assert imported("x = 2") == "2"


def test_workers_run_the_text_where_what_python_keeps_was_compiled_from_another(project):
    inner = project / "pack" / "inner.py"
    inner.write_text("def f():\n    from .late import x\n    return x\n")
    late = project / "pack" / "late.py"
    late.write_text("x = 1\n")
    os.utime(late, (1_700_000_000,) * 2)
    subprocess.run([sys.executable, "-m", "compileall", "-q", str(project / "pack")], check=True)
    late.write_text("x = 2\n")
    os.utime(late, (1_700_000_000,) * 2)

    assert worked(project, submitted(project), "from pack.inner import f; print(f())") == "2"


def test_what_python_keeps_is_taken_once_it_was_compiled_a_while_after_the_last_change(project):
    file = project / "pack" / "far.py"
    compileall = [sys.executable, "-m", "compileall", "-qf", str(file)]
    subprocess.run(compileall, check=True)
    kept = kept_of(str(file))
    later = kept._replace(written_ns=file.stat().st_ctime_ns + 2 * 10**9)
    other = b"far = 'of another text'"

    assert marshal.loads(code_of(str(file), other, later)).co_consts[0] == "far"
    assert marshal.loads(code_of(str(file), other, kept)).co_consts[0] == "of another text"


@pytest.fixture
def two_texts(tmp_path, monkeypatch):
    """Two versions of a module of one size and one time, long there when Python compiles the first of them."""
    monkeypatch.delenv("PYTHONDONTWRITEBYTECODE", raising=False)
    for version in (1, 2):
        (tmp_path / f"v{version}").mkdir()
        (tmp_path / f"v{version}" / "edited.py").write_text(f"x = {version}\n")
        os.utime(tmp_path / f"v{version}" / "edited.py", (1, 1))
    time.sleep(1.1)
    return tmp_path


def told_of(folder, run):
    argv = [sys.executable, "-c", EDITED, str(folder / run)]
    return subprocess.run(argv, cwd=folder, capture_output=True, text=True, check=True).stdout.strip()


def test_link_that_leads_to_another_text_is_refused_once(two_texts):
    link = two_texts / "edited.py"
    link.symlink_to("v1/edited.py")
    assert told_of(two_texts, "run1") == "1"
    link.unlink()
    link.symlink_to("v2/edited.py")

    assert told_of(two_texts, "run2").startswith(f"1 {link} was changed")
    assert told_of(two_texts, "run3") == "2"


def test_folder_that_another_took_the_name_of_is_refused_once(two_texts, monkeypatch):
    monkeypatch.setenv("PYTHONPYCACHEPREFIX", str(two_texts / "cache"))
    monkeypatch.setenv("PYTHONPATH", str(two_texts / "v1"))
    assert told_of(two_texts, "run1") == "1"
    (two_texts / "v1").rename(two_texts / "v0")
    (two_texts / "v2").rename(two_texts / "v1")

    assert told_of(two_texts, "run2").startswith(f"1 {two_texts / 'v1' / 'edited.py'} was changed")
    assert told_of(two_texts, "run3") == "2"


def test_what_python_may_have_compiled_while_its_source_was_edited_is_not_taken(tmp_path):
    file, text = tmp_path / "large.py", b"x = 1\n" + b"#" * 10**6
    file.write_bytes(text)
    subprocess.run([sys.executable, "-m", "compileall", "-qf", str(file)], check=True)
    kept, changed_ns = kept_of(str(file)), file.stat().st_ctime_ns
    other = text.replace(b"1", b"2", 1)

    def taken(after_s):
        later = kept._replace(written_ns=changed_ns + after_s * 10**9)
        return marshal.loads(code_of(str(file), other, later)).co_consts[0]

    assert taken(after_s=5) == 2
    assert taken(after_s=20) == 1
