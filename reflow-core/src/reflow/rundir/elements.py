"""What elements say of themselves: that a job works on one, and that one is through.

A claim is made by one job only, however many copies of an element a scheduler starts. By the completion markers the
last element out knows that it is, without asking anybody: an element's marker says how many segments each of its
starts sealed. Markers lie in buckets, so that nobody lists more than a bucket; the last one of a bucket adds them up,
and the last bucket makes ``all``.
"""

from __future__ import annotations

import contextlib
import json
import os
from collections.abc import Mapping, Sequence

from reflow.filesystem.files import make_directory, read_bytes, replace_file, write_new
from reflow.rundir.layout import SubmissionPaths
from reflow.rundir.outcomes import segment_name

BUCKET = 128  #: elements whose markers lie in one directory

Sums = dict[int, dict[int, int]]  #: by element, the number of segments that each of its starts sealed


def claim(sub: SubmissionPaths, element: int, holder: str) -> int | None:
    """Claim an element and return how often its holder had started it before; None when it is another's.

    Args:
        holder: The job that runs it. A requeue of the same job takes over what it had claimed itself.
    """
    make_directory(sub.claims)
    start = 0
    while not link_new(_path(sub, element, start), holder.encode()):
        if read_bytes(_path(sub, element, start)).decode() != holder:
            return None
        start += 1
    return start


def last_start(sub: SubmissionPaths, element: int) -> int:
    """Return how often an element had been started before its last start, as far as that came to claim it."""
    start = 0
    while os.path.exists(_path(sub, element, start + 1)):  # as `claim` counts; thousands may be asked for
        start += 1
    return start


def link_new(path: str, data: bytes) -> bool:
    """Make a file whole unless it is there; return whether it was this call that made it.

    Its number of links tells, since the answer of link(2) can be lost on a network file system.
    """
    unique = f"{path}.{os.urandom(6).hex()}.tmp"
    write_new(unique, [data])
    try:
        with contextlib.suppress(OSError):
            os.link(unique, path)
        made = os.stat(unique).st_nlink == 2
    finally:
        os.unlink(unique)
    if not made and os.path.basename(path) not in os.listdir(os.path.dirname(path)):
        raise FileNotFoundError(f"{path} cannot be made by a link")
    return made


def _path(sub: SubmissionPaths, element: int, start: int) -> str:
    return os.path.join(sub.claims, f"{element}.{start}" if start else str(element))


def mark_done(sub: SubmissionPaths, element: int, starts: Mapping[int, int], count: int) -> Sums | None:
    """Say that an element is through; return the sums of all elements when it was the last one out.

    Args:
        starts: How many segments each start of the element sealed.
        count: Number of elements of the submission.
    """
    number = element // BUCKET
    folder = os.path.join(sub.done, f"b{number}")
    make_directory(folder)
    replace_file(os.path.join(folder, str(element)), json.dumps(starts).encode())
    members = range(number * BUCKET, min(count, (number + 1) * BUCKET))
    if not _has_all(folder, [str(member) for member in members]):
        return None
    sums = {member: json.loads(read_bytes(os.path.join(folder, str(member)))) for member in members}
    link_new(f"{folder}.sums", json.dumps(sums).encode())
    buckets = [f"b{bucket}.sums" for bucket in range(-(-count // BUCKET))]
    if not _has_all(sub.done, buckets):
        return None
    everything: Sums = {}
    for bucket in buckets:
        everything |= _read(os.path.join(sub.done, bucket))
    return everything if link_new(_all(sub), json.dumps(everything).encode()) else None


def read_done(sub: SubmissionPaths) -> Sums | None:
    """Return the sums of a submission whose last element is out, else None."""
    try:
        return _read(_all(sub))
    except FileNotFoundError:
        return None


def _all(sub: SubmissionPaths) -> str:
    return os.path.join(sub.done, "all")


def _read(path: str) -> Sums:
    return {int(element): _starts(starts) for element, starts in json.loads(read_bytes(path)).items()}


def _starts(said: Mapping[str, int]) -> dict[int, int]:
    return {int(start): count for start, count in said.items()}


def _has_all(folder: str, names: Sequence[str]) -> bool:
    return set(names) <= set(os.listdir(folder))


def finished_elements(sub: SubmissionPaths) -> set[int]:
    """Return the elements that have said that they are through."""
    if (everything := read_done(sub)) is not None:
        return set(everything)
    found: set[int] = set()
    for folder in os.listdir(sub.done) if os.path.isdir(sub.done) else ():
        if folder.startswith("b") and folder[1:].isdigit():
            found.update(int(name) for name in os.listdir(os.path.join(sub.done, folder)) if name.isdigit())
    return found


def unfinished_elements(sub: SubmissionPaths, elements: set[int]) -> set[int]:
    """Return those of some elements that have not said that they are through; full buckets are not looked into."""
    try:
        names = set(os.listdir(sub.done))
        if os.path.basename(_all(sub)) in names:
            return set()
        left = {element for element in elements if f"b{element // BUCKET}.sums" not in names}
        for bucket in {f"b{element // BUCKET}" for element in left} & names:
            left -= {int(name) for name in os.listdir(os.path.join(sub.done, bucket)) if name.isdigit()}
    except FileNotFoundError:  # its folders went a moment ago, since it has ended
        return set()
    return left


def missing_segments(sub: SubmissionPaths) -> set[str]:
    """Return the sealed segments of a submission whose elements are all through that cannot be seen here."""
    sums = read_done(sub) or _markers(sub)
    said = {
        segment_name(element, start, seq)
        for element, starts in sums.items()
        for start, count in starts.items()
        for seq in range(count)
    }
    return said - set(os.listdir(sub.outcomes))


def _markers(sub: SubmissionPaths) -> Sums:
    """Return what the single markers say, where the last one out did not come to sum them up."""
    found: Sums = {}
    for folder in os.listdir(sub.done):
        if folder.startswith("b") and folder[1:].isdigit():
            place = os.path.join(sub.done, folder)
            names = [name for name in os.listdir(place) if name.isdigit()]
            found |= {int(name): _starts(json.loads(read_bytes(os.path.join(place, name)))) for name in names}
    return found
