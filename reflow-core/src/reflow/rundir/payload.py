"""The payload of a submission: what each of its instances is called with.

A line per instance, ``[index,attempt,{name:value},retries,identity]``, holds what differs from the others; its
position in the submission is the number of its line. The identity is that of these inputs, for whoever rebuilds the
ledger. ``payload.idx`` says where each line begins, and where the last one ends. ``shared.json`` holds what all have
in common.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterable, Iterator, Mapping
from json.encoder import encode_basestring_ascii as _quoted
from typing import Any

from reflow.errors import RunDirError
from reflow.filesystem.files import NEW_FILE, opened_high, read_bytes, sync_directory, write_new
from reflow.model.named_tuple import NamedTuple
from reflow.rundir.layout import SubmissionPaths

_BLOCK = 1 << 20  #: bytes that are read or written at once


class Line(NamedTuple):
    """One instance to be written; the values are JSON text already.

    Attributes:
        retries: How often its worker may try it again in place when its function raises.
        identity: What it is known by.
    """

    index: int  # type: ignore[assignment]  # a field, and not tuple's method
    attempt: int
    values: Mapping[str, str]
    retries: int = 0
    identity: bytes = b""


class Instance(NamedTuple):
    """One instance as a worker reads it; the values are tagged, its identity is in hex."""

    index: int  # type: ignore[assignment]  # a field, and not tuple's method
    attempt: int
    values: dict[str, Any]
    retries: int = 0
    identity: str = ""


def write_payload(
    sub: SubmissionPaths,
    task: str,
    shared: Mapping[str, str],
    lines: Iterable[Line],
    *,
    pack: int = 1,
    workers: int = 1,
) -> int:
    """Write the payload durably, one line at a time, and return the number of lines.

    Args:
        shared: JSON text of the inputs that all instances have in common, by parameter.
        pack: How many instances each element works through, where elements do not share them.
        workers: How many of these at once.
    """
    count = 0
    payload = os.open(sub.payload, NEW_FILE, 0o600)
    index = os.open(sub.offsets, NEW_FILE, 0o600)
    with os.fdopen(payload, "wb", _BLOCK) as texts, os.fdopen(index, "wb", _BLOCK) as offsets:
        end = 0
        offsets.write(_offset(end))
        for line in lines:
            text = _line_text(line)
            texts.write(text)
            end += len(text)
            offsets.write(_offset(end))
            count += 1
        for file in (texts, offsets):
            file.flush()
            os.fchmod(file.fileno(), 0o600)
            os.fsync(file.fileno())
    head = json.dumps({"task": task, "pack": pack, "workers": workers})[:-1]
    write_new(sub.shared, [f'{head},"values":{_object(shared)}}}'.encode("ascii")])
    sync_directory(sub.directory)
    return count


def _offset(end: int) -> bytes:
    return end.to_bytes(8, "little")


def _line_text(line: Line) -> bytes:
    index, attempt, values, retries, identity = line
    rest = f',{retries},"{identity.hex()}"' if identity else f",{retries}" if retries else ""
    return f"[{index},{attempt},{_object(values)}{rest}]\n".encode("ascii")


def _object(values: Mapping[str, str]) -> str:
    return "{" + ",".join([f"{_quoted(name)}:{text}" for name, text in values.items()]) + "}"


class Payload:
    """The payload of a submission, open for reading.

    Attributes:
        task: Name of the task whose instances these are.
        shared: Tagged values that all instances have in common, by parameter.
        pack: How many instances each element works through.
        workers: How many of these at once.
        count: Number of instances.
    """

    def __init__(self, sub: SubmissionPaths) -> None:
        try:
            head = json.loads(read_bytes(sub.shared))
            self._texts = opened_high(sub.payload, os.O_RDONLY)
            self._offsets = opened_high(sub.offsets, os.O_RDONLY)
        except (OSError, ValueError) as error:
            raise RunDirError(f"the payload in {sub.directory} cannot be read: {error}") from error
        self.task: str = head["task"]
        self.shared: dict[str, Any] = head["values"]
        self.pack: int = head["pack"]
        self.workers: int = head["workers"]
        self.count = os.fstat(self._offsets).st_size // 8 - 1

    def line(self, position: int) -> Instance:
        """Return the instance at one position."""
        return next(self.lines(position, position + 1))

    def lines(self, begin: int, end: int) -> Iterator[Instance]:
        """Yield the instances from position ``begin`` up to, not including, ``end``."""
        bounds = self._bounds(begin, end)
        while len(bounds) > 1:
            taken = next((i for i, at in enumerate(bounds) if at - bounds[0] >= _BLOCK), len(bounds) - 1)
            block = os.pread(self._texts, bounds[taken] - bounds[0], bounds[0])
            texts = block[:-1].decode("ascii").replace("\n", ",")
            for fields in json.loads(f"[{texts}]"):
                yield Instance(*fields)
            bounds = bounds[taken:]

    def _bounds(self, begin: int, end: int) -> list[int]:
        count = end - begin + 1
        data = os.pread(self._offsets, 8 * count, 8 * begin)
        if len(data) != 8 * count:
            raise RunDirError(
                f"positions {begin} to {end - 1} are not in a payload of {self.count} instances"
            )
        return [int.from_bytes(data[at : at + 8], "little") for at in range(0, len(data), 8)]

    def close(self) -> None:
        """Let go of the files."""
        os.close(self._texts)
        os.close(self._offsets)
