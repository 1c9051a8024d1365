"""Segments: what a worker says about its instances, one checksummed line before and after each.

A line is ``CRC32 {header}`` or ``CRC32 {header}<TAB>value``. A worker appends to ``<element>.<start>.part``
and *seals* it from time to time: synced, and renamed to ``<element>.<start>.<seq>.jsonl``, which never changes.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from json.encoder import encode_basestring_ascii as _quoted
from typing import Any
from zlib import crc32

from reflow.filesystem.files import read_bytes
from reflow.model.named_tuple import NamedTuple

_SHARE = 1_000_000  #: no element has so many workers or claims
_AT_ONCE = 500  #: headers that are parsed together


class Outcome(NamedTuple):
    """One line: that an instance was started, or how an attempt at it ended.

    Attributes:
        kind: ``s`` started, ``e`` ended.
        state: ``succeeded``, ``failed``, ``cancelled`` or ``interrupted``; empty in a start.
        time: Milliseconds since 1970.
        log: Where its part of the element's log begins, or ends.
        value: The text of its tagged value.
        items: The digests of its items, concatenated, when it is a list.
        unusable: Why other runs may not use this output.
        paths: Whether there is a Path in the value.
        error: JSON text with ``type``, ``message`` and ``traceback``.
        charge: What kind of failure it was: ``exception``, ``exit``, ``misfit``, ``input`` or ``stamp``; ``crash`` for
            one that its worker died in, as another says that saw it; ``time`` for one that was interrupted since
            its time limit was near.
        again: Whether its worker tries it again, in place.
        peak_mib: The most memory that its worker had held at once by then, whichever of its instances took it;
            0 where that was not looked at, as of those that succeeded.
    """

    kind: str
    index: int  # type: ignore[assignment]  # a field, and not tuple's method
    attempt: int
    state: str = ""
    time: int = 0
    log: int = 0
    value: str | None = None
    output: bytes | None = None
    items: bytes | None = None
    unusable: str = ""
    paths: bool = False
    reason: str = ""
    error: str | None = None
    charge: str = ""
    host: str = ""
    again: bool = False
    peak_mib: int = 0


def shared_start(claim: int, worker: int) -> int:
    """Return the number of a start for one of several workers that share an element, so that no two have the same.

    Args:
        claim: How often the element had been claimed before.
        worker: The number of the worker, counting those that took the place of others.
    """
    return (claim + 1) * _SHARE + worker


def is_shared(start: int) -> bool:
    """Whether a start is that of one of several workers that share an element."""
    return start >= _SHARE


def log_numbers(element: int, start: int) -> tuple[int, ...]:
    """Return by what numbers a log is known: its element, and the start of its worker where several share that."""
    return (element, start) if is_shared(start) else (element,)


def generation(start: int) -> int:
    """Return a number that the workers of one claim of an element have in common; later claims have higher ones."""
    return start // _SHARE if is_shared(start) else start


def is_first(start: int) -> bool:
    """Whether nobody had claimed the element of a start before, so that no earlier start of it can be met."""
    return start == 0 or start // _SHARE == 1


def part_name(element: int, start: int) -> str:
    """Return the name of the segment that is being written."""
    return f"{element}.{start}.part"


def segment_name(element: int, start: int, seq: int) -> str:
    """Return the name of a sealed segment."""
    return f"{element}.{start}.{seq}.jsonl"


def parse_name(name: str) -> tuple[int, int, int | None] | None:
    """Return element, start and sequence number (None: still a part) of a segment, or None for other files."""
    fields = name.split(".")
    if len(fields) == 3 and fields[2] == "part":
        fields[2:] = ["", "jsonl"]
    if len(fields) != 4 or fields[3] != "jsonl" or not (fields[0].isdigit() and fields[1].isdigit()):
        return None
    if fields[2] and not fields[2].isdigit():
        return None
    return int(fields[0]), int(fields[1]), int(fields[2]) if fields[2] else None


def start_line(index: int, attempt: int, time: int, log: int) -> bytes:
    """Return the line that says that an instance is about to be called."""
    return framed(f'{{"k":"s","i":{index},"a":{attempt},"t":{time},"l":{log}}}')


def end_line(end: Outcome, log: int, *, again: bool = False) -> bytes:
    """Return the line that says how an attempt ended.

    Args:
        log: Where its part of the log ends; that and ``again`` are known last, and ``end`` need not hold them.
    """
    text = f'{{"k":"e","i":{end.index},"a":{end.attempt},"s":"{end.state}","t":{end.time},"l":{log}'
    if end.output is not None:
        text += f',"h":"{end.output.hex()}"'
    if end.items is not None:
        text += f',"d":"{end.items.hex()}"'
    if end.paths:
        text += ',"p":1'
    if end.host:
        text += f',"n":{_quoted(end.host)}'
    if end.unusable:
        text += f',"u":{_quoted(end.unusable)}'
    if end.reason or end.charge:
        text += _trouble(end, again=again)
    return framed(text + "}" if end.value is None else f"{text}}}\t{end.value}")


def _trouble(end: Outcome, *, again: bool) -> str:
    error = f',"e":{end.error}' if end.error else ""
    retried = ',"x":1' if again else ""
    peak = f',"m":{end.peak_mib}' if end.peak_mib else ""
    return f',"r":{_quoted(end.reason)},"c":{_quoted(end.charge)}{error}{peak}{retried}'


def framed(text: str) -> bytes:
    """Return a line with its checksum."""
    data = text.encode("ascii")
    return b"%08x %b\n" % (crc32(data), data)


def read_segment(path: str) -> tuple[list[Outcome], bool]:
    """Return the whole lines about instances of a segment, and whether anything in it is damaged.

    A last line that was cut short is what a kill leaves in a part; in a sealed segment it is damage.

    Raises:
        OSError: The file is not there or cannot be read.
    """
    data = read_bytes(path)
    lines = data.split(b"\n")
    tail = lines.pop()
    sound = [line for line in lines if is_sound(line)]
    damaged = len(sound) < len(lines) or (bool(tail) and not path.endswith(".part"))
    return list(_parsed(sound)), damaged


def is_sound(line: bytes) -> bool:
    """Whether a line, without its end, is as it was written."""
    return line[:9] == b"%08x " % crc32(line[9:])


def _parsed(lines: list[bytes]) -> Iterator[Outcome]:
    for begin in range(0, len(lines), _AT_ONCE):
        split = [line[9:].partition(b"\t") for line in lines[begin : begin + _AT_ONCE]]
        headers = json.loads(b"[" + b",".join([head for head, _, _ in split]) + b"]")
        for header, (_, tab, value) in zip(headers, split, strict=True):
            if header["k"] in ("s", "e"):  # a joined file has others
                yield outcome_of(header, value.decode("ascii") if tab else None)


def outcome_of(header: dict[str, Any], value: str | None) -> Outcome:
    """Return what a line says, from its header and what stands behind the tab."""
    if header["k"] == "s":
        return Outcome("s", header["i"], header["a"], "", header["t"], header["l"])
    look = header.get
    output, items, error = look("h"), look("d"), look("e")
    return Outcome(
        "e",
        header["i"],
        header["a"],
        header["s"],
        header["t"],
        header["l"],
        value,
        None if output is None else bytes.fromhex(output),
        None if items is None else bytes.fromhex(items),
        look("u", ""),
        "p" in header,
        look("r", ""),
        None if error is None else json.dumps(error),
        look("c", ""),
        look("n", ""),
        "x" in header,
        look("m", 0),
    )


def list_segments(directory: str) -> list[str]:
    """Return the names of the sealed segments in a directory, by element, start and sequence number."""
    found = [(parsed, name) for name in os.listdir(directory) if (parsed := parse_name(name)) is not None]
    return [name for (_, _, seq), name in sorted(found, key=_by_number) if seq is not None]


def _by_number(entry: tuple[tuple[int, int, int | None], str]) -> tuple[int, int, int]:
    (element, start, seq), _ = entry
    return element, start, -1 if seq is None else seq
