"""
What stands in the documentation works as it stands there.

Each page runs in an empty directory of its own, its blocks in their order:

- ``python`` is a script that ends with 0. One that starts with ``# name.py`` is written to that file instead, for
  what follows to use; ``# a notebook cell`` or ``# part of name.py`` marks what only has to compile.
- ``console``: what stands behind ``$`` is typed into bash and ends with 0 (``console fails``: with another code); where
  lines follow, they are what it prints, ``...`` standing for any text.
- ``toml`` and ``json`` have to parse. Other blocks are left alone.
"""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import NamedTuple

import pytest

ROOT = Path(__file__).resolve().parents[2]
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md"))]
BIN = Path(sys.executable).parent
TIMEOUT_S = 60

every_page = pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))


class Block(NamedTuple):
    language: str
    options: frozenset[str]
    text: str
    line: int


class Typed(NamedTuple):
    command: str
    printed: str


def blocks(page: Path) -> list[Block]:
    fences = re.compile(r"^( *)```(\w+)?([^\n]*)\n(.*?)^\1```$", re.MULTILINE | re.DOTALL)
    text = page.read_text(encoding="utf-8")
    return [
        Block(
            fence[2] or "",
            frozenset(fence[3].split()),
            re.sub(rf"^{fence[1]}", "", fence[4], flags=re.MULTILINE),
            text.count("\n", 0, fence.start()) + 1,
        )
        for fence in fences.finditer(text)
    ]


def typed(text: str) -> list[Typed]:
    """Split a console block into commands and what they print."""
    commands: list[tuple[list[str], list[str]]] = []
    goes_on = False
    for line in text.splitlines():
        if line.startswith("$ "):
            commands.append(([line[2:]], []))
        elif goes_on:
            commands[-1][0].append(line)
        else:
            commands[-1][1].append(line)
        goes_on = line.endswith("\\") and not commands[-1][1]
    return [Typed("\n".join(command), "\n".join(printed)) for command, printed in commands]


def fits(printed: str, wanted: str) -> bool:
    """Whether a text is the wanted one, ``...`` standing for anything; spaces at the ends of lines do not count."""

    def trimmed(text: str) -> str:
        return "\n".join(line.rstrip() for line in text.strip().splitlines())

    pattern = ".*?".join(re.escape(part) for part in trimmed(wanted).split("..."))
    return re.fullmatch(pattern, trimmed(printed), re.DOTALL) is not None


def run_python(block: Block, where: str) -> None:
    first = block.text.split("\n", 1)[0]
    compile(block.text, where, "exec")
    if named := re.fullmatch(r"# ([\w/]+\.py)", first):
        file = Path(named[1])
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(block.text, encoding="utf-8")
    elif not re.match(r"# (a notebook cell|part of )", first):
        script = Path(f"script_{block.line}.py")
        script.write_text(block.text, encoding="utf-8")
        code, told = call([sys.executable, str(script)])
        assert code == 0, f"{where} ended with {code}:\n{told}"


def run_console(block: Block, where: str) -> None:
    for command, wanted in typed(block.text):
        code, printed = call(["bash", "-c", command])
        told = f"{where}: $ {command}\nended with {code} and printed:\n{printed}"
        assert (code != 0) == ("fails" in block.options), told
        assert "/reflow/cli/" not in printed, f"{told}\nwhich is a traceback of reflow's own"
        assert not wanted or fits(printed, wanted), f"{told}\nbut the page says:\n{wanted}"


def call(argv: list[str]) -> tuple[int, str]:
    """Return the exit code and all that is printed; what is not over in time is ended with all that it started."""
    environment = os.environ | {"PATH": f"{BIN}{os.pathsep}{os.environ['PATH']}", "COLUMNS": "80"}
    environment["PYTHONUNBUFFERED"] = "1"  # so that both streams come in their order
    environment["PYTHONDONTWRITEBYTECODE"] = "1"  # pages edit files faster than people, within a second
    with tempfile.TemporaryFile() as printed:
        process = subprocess.Popen(
            argv,
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=printed,
            stderr=printed,
            start_new_session=True,
        )
        try:
            code = process.wait(TIMEOUT_S)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)
            code = process.wait()
        printed.seek(0)
        return code, printed.read().decode()


def run_toml(block: Block, where: str) -> None:
    tomllib = pytest.importorskip("tomllib", reason="Python 3.10 has no tomllib")
    tomllib.loads(block.text)


def run_json(block: Block, where: str) -> None:
    json.loads(block.text)


RUNNERS = {"python": run_python, "console": run_console, "toml": run_toml, "json": run_json}


@every_page
def test_what_a_page_shows_works(page: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    for block in blocks(page):
        if run := RUNNERS.get(block.language):
            run(block, f"{page.relative_to(ROOT)}:{block.line}")


@every_page
def test_links_between_pages_lead_somewhere(page: Path) -> None:
    text = page.read_text(encoding="utf-8")
    targets = re.findall(r"\]\((?!https?:)([^)#\s]+)(?:#[^)]*)?\)", text)

    assert [target for target in targets if not (page.parent / target).exists()] == []


def test_each_page_of_the_docs_is_reached_from_the_index() -> None:
    index = (ROOT / "docs" / "index.md").read_text(encoding="utf-8")
    pages = {str(page.relative_to(ROOT / "docs")) for page in PAGES if "docs" in page.relative_to(ROOT).parts}

    assert {page for page in pages - {"index.md"} if f"({page})" not in index} == set()


@pytest.mark.parametrize(
    ("printed", "wanted", "fit"),
    [
        ("a  \nb\n", "a\nb", True),
        ("run demo-2026 started", "run ... started", True),
        ("a\nmiddle\nb", "a\n...\nb", True),
        ("a\nb", "a", False),
        ("a.b", "a?b", False),
    ],
)
def test_dots_stand_for_any_text(printed: str, wanted: str, fit: bool) -> None:
    assert fits(printed, wanted) == fit


def test_a_command_may_go_on_in_the_next_line() -> None:
    assert typed("$ one \\\n    --flag\nprinted\n$ two\n") == [
        Typed("one \\\n    --flag", "printed"),
        Typed("two", ""),
    ]
