"""
What §6 asks of reuse, worked out once more: which instances run, which are reused, and what each returns.

It plans nothing. It goes through the tasks in order, one instance after the other, makes every value from
scratch or takes it from what it knows to be kept, and writes files that are but entries of a dict.

What is kept is known by an *identity*: a tuple of the task, its version, its code where that counts, and for each
parameter the *content* of what it receives: the value itself, with the stamp of the file beside each path.

Where the rules leave a choice, this is taken:

- A file that is another one than was made makes its output be made again, whoever takes it.
- What is made again by a retry since it was wrong is new; what a submit makes again by the same code keeps its hash
  where it came out alike, as what was purged does.
- Elements of flattened lists, and of several steps behind a list, count as made from all of the task before.
- A task needs what it comes `after` to be there, as it needs what it is given.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from cache_flow import LETTERS, TRACKS, Settings, Take, Task, call, inputs, parameter_key, paths_of
from cache_memory import MISSING, Files, Kept, Row, Stamps, content, is_alike
from cache_run import FAILED, KEPT, PENDING, REUSED, SKIPPED, SUCCEEDED, Chosen, Instance, Run, built_on

WRONG = ("changed", "rejected")  #: what a verifier says of what is not to be used


class Unpredictable(Exception):
    """What was made again in the middle of a run came out otherwise: what had run before may do so twice."""


class Element(NamedTuple):
    """What a source gives: a value, what that is known by (None where there is none), its files, its origin."""

    value: Any
    content: Any
    stamps: Stamps
    made_from: Chosen


class Oracle:
    """Knows the disk, what is kept, and the calls of the last step."""

    def __init__(self, tasks: tuple[Task, ...]) -> None:
        self.tasks = tasks
        self.files = Files()
        self.kept = Kept()
        self.broken: set[int] = set()
        self.calls: list[str] = []

    # What users do

    def submit(
        self, settings: Mapping[int, Settings], given: Mapping[str, Any], forced: set[int], verify: bool
    ) -> Run:
        run = Run(settings, given, forced, verify)
        for key, value in given.items():
            track = TRACKS.get(key, "stat")
            run.stamps[key] = [(path, self.files.stamp(path, track)) for path in paths_of(value)]
            run.contents[key] = content(value, run.stamps[key])
        self._work(run)
        return run

    def retry(self, run: Run, verify: bool) -> None:
        """Open what did not succeed, and what does not hold of all that it comes from."""
        opened = {n for n, found in run.tasks.items() if isinstance(found, str)}
        needs: Chosen = set()
        for number in run.tasks:
            for one in run.instances(number):
                if one.state not in KEPT:
                    one.state = PENDING
                    needs.add((number, one.index))
        if verify:
            self._make_again(run, opened, needs)
        self._work(run)

    def invalidate(self, run: Run, number: int) -> None:
        """Forget what a task returned, and what was built on that."""
        chosen = {(number, one.index) for one in run.instances(number) if one.state in KEPT}
        reached = built_on(run, chosen)
        for n, one in run.kept():
            if (n, one.index) in reached:
                self.kept.forget(one.identity)

    # What comes of it

    def _work(self, run: Run) -> None:
        number = 0
        while number < len(self.tasks):
            run.tasks[number] = self._expanded(run, number)
            gone = self._gone_before(run, number) if run.verify else set()
            for n, index in gone:
                one = run.instances(n)[index]
                one.was, one.state, one.is_fresh = self._row(one).output, PENDING, True
            if gone:
                number = min(n for n, _ in gone)
                continue
            for one in run.instances(number):
                if one.state == PENDING:
                    self._settle(run, number, one)
            number += 1

    def _expanded(self, run: Run, number: int) -> list[Instance] | str:
        task = self.tasks[number]
        if self._is_cut_off(run, task):
            return SKIPPED
        sources = {name: self._elements(run, take.parts) for name, take in inputs(task)}
        each = {name for name, take in inputs(task) if take.deliver == "one"}
        widths = {len(sources[name]) for name in each}
        if len(widths) > 1:
            return FAILED
        wholes = {name: _whole(run, take, sources[name]) for name, take in inputs(task) if name not in each}
        before = {one.index: one for one in run.instances(number)}
        found = []
        for index in range(widths.pop() if widths else 1):
            mine = {name: sources[name][index] for name in each} | wholes
            found.append(self._continued(run, number, self._instance(run, number, index, mine), before))
        return found

    def _is_cut_off(self, run: Run, task: Task) -> bool:
        """Whether something did not succeed that the task needs all of."""
        for _, take in inputs(task):
            is_chain = len(take.parts) == 1 and take.deliver == "one" and take.parts[0][1] == "elements"
            for source, _ in take.parts:
                if isinstance(run.tasks[source], str) or not (is_chain or run.is_whole(source)):
                    return True
        return not all(run.is_whole(source) for source in task.after)

    def _elements(self, run: Run, parts: Sequence[tuple[int, str]]) -> list[Element]:
        flat = next((i for i, (_, part) in enumerate(parts) if part in ("items", "flat")), len(parts))
        shared = {key for source, _ in parts[flat:] for key in run.all_of(source)}
        found: list[Element] = []
        for number, (source, part) in enumerate(parts):
            for one in run.instances(source):
                origin = shared | ({(source, one.index)} if number < flat else set())
                found += self._given_by(one, part, origin)
        return found

    def _given_by(self, one: Instance, part: str, origin: Chosen) -> Iterator[Element]:
        """Yield the elements that one instance contributes."""
        if one.state not in KEPT:
            yield Element(None, None, [], origin)
        elif part in ("value", "elements"):
            row = self._row(one)
            yield Element(row.value, row.output, row.stamps, origin)
        else:
            row = self._row(one)
            for value, known_by in zip(row.value, row.output[1], strict=True):
                yield Element(value, known_by, [pair for pair in row.stamps if pair[0] == value], origin)

    def _instance(self, run: Run, number: int, index: int, mine: Mapping[str, Element]) -> Instance:
        task, settings = self.tasks[number], run.settings[number]
        parts: dict[str, Any] = {}
        one = Instance(index)
        one.made_from = {origin for source in task.after for origin in run.all_of(source)}
        for name, element in mine.items():
            one.given[name], parts[name] = element.value, element.content
            one.files += [(path, stamp, True) for path, stamp in element.stamps]
            one.made_from |= element.made_from
        for name in task.parameters:
            key = parameter_key(name, number)
            one.given[name], parts[name] = run.given[key], run.contents[key]
            one.files += [(path, stamp, False) for path, stamp in run.stamps[key]]
        if None in parts.values():
            one.identity = one.state = SKIPPED
            return one
        returned = [tuple(self._row(up).output for up in run.instances(source)) for source in task.after]
        code = _code(settings) if task.code == "auto" else None
        one.identity = (number, settings.version, code, tuple(sorted(parts.items())), tuple(returned))
        return one

    def _continued(self, run: Run, number: int, one: Instance, before: Mapping[int, Instance]) -> Instance:
        """Keep what an instance came to in this run, unless it was opened or its inputs are others now."""
        earlier = before.get(one.index)
        if earlier is None:
            one.is_fresh = not before and number in run.forced
            return one
        if earlier.identity == one.identity and earlier.state != PENDING:
            one.state, one.row = earlier.state, earlier.row
        one.is_fresh, one.was = earlier.is_fresh, earlier.was
        return one

    def _settle(self, run: Run, number: int, one: Instance) -> None:
        row = self._reusable(run, number, one)
        if row is not None:
            one.state, one.row = REUSED, row
        else:
            self._call(run, number, one)
        if one.was is not None and (one.row is None or one.row.output != one.was):
            raise Unpredictable
        one.was = None

    def _reusable(self, run: Run, number: int, one: Instance) -> Row | None:
        """Return what is kept of the same work: of this run's, or of an earlier one, unless that is unwanted."""
        settings = run.settings[number]
        row = self.kept.current(one.identity, _code(settings)) if settings.cache else None
        if row is None:
            return None
        if self._is_refused(number, row, run.verify):
            self._forget_refused(run, number, one, row)
            return None
        made_here = [
            other.row
            for other in run.instances(number)
            if other.identity == one.identity and other.state == SUCCEEDED
        ]
        is_own = any(made and made.output == row.output for made in made_here)
        return row if is_own or not one.is_fresh else None

    def _is_refused(self, number: int, row: Row, verify: bool) -> bool:
        if not verify:
            return self.files.verdict(row) == "changed"
        verdict = self._verdict(number, row)
        return verdict in WRONG or (verdict == "missing" and not self._has_readers(number))

    def _forget_refused(self, run: Run, number: int, one: Instance, row: Row) -> None:
        """Forget what a task's own verifier refuses, where no file would tell another run so."""
        if run.verify and self.tasks[number].verify and self.files.verdict(row) == "holds":
            self.kept.forget(one.identity, row.output)
            if self.kept.current(one.identity, _code(run.settings[number])) is not None:
                raise Unpredictable  # another one is looked at only when it is planned once more

    def _verdict(self, number: int, row: Row) -> str:
        """Return what the verifier of a task says of a result."""
        by_files = self.files.verdict(row)
        if not self.tasks[number].verify:
            return by_files
        if all(set(self.files.found.get(path.name, "?")[0]) <= {*LETTERS} for path in paths_of(row.value)):
            return "holds"
        return "missing" if by_files == "missing" else "rejected"

    def _verdict_for_readers(self, number: int, row: Row) -> str:
        """Return the same, where what workers would refuse to hand on is as good as missing."""
        verdict = self._verdict(number, row)
        return "missing" if verdict == "holds" != self.files.verdict(row) else verdict

    def _has_readers(self, number: int) -> bool:
        return any(
            number in task.after or any(number == source for take in task.takes for source, _ in take.parts)
            for task in self.tasks
        )

    def _call(self, run: Run, number: int, one: Instance) -> None:
        task, settings = self.tasks[number], run.settings[number]
        is_reusable = True
        one.row, one.state = None, FAILED
        for path, stamp, is_result in one.files:
            now = self.files.differs(path, stamp)
            if now is not None and not is_result:
                is_reusable = False
            elif now is not None and now != MISSING:
                return  # it is not the file that was returned
        try:
            value = call(self, number, task, _code(settings), one.given)
        except (ValueError, FileNotFoundError):
            return
        stamps = [(path, self.files.stamp(path, task.track)) for path in paths_of(value)]
        one.row, one.state = Row(content(value, stamps), value, stamps, _code(settings)), SUCCEEDED
        if settings.cache and is_reusable:
            before = self.kept.current(one.identity, _code(settings))
            if before is not None and number not in run.forced and is_alike(before, one.row):
                one.row.output = before.output
            self.kept.add(one.identity, one.row)

    def _gone_before(self, run: Run, number: int) -> Chosen:
        """Return what is reused and gone, of all that instances need that are to run."""
        seen: set[Any] = set()
        needed: Chosen = set()
        for one in run.instances(number):
            if one.state == PENDING and one.identity not in seen and not self._reusable(run, number, one):
                needed |= one.made_from
                if run.settings[number].cache:
                    seen.add(one.identity)
        instances = [(n, run.instances(n)[index]) for n, index in needed]
        return {
            (n, one.index)
            for n, one in instances
            if one.state == REUSED and self.files.verdict(self._row(one)) != "holds"
        }

    def _make_again(self, run: Run, opened: set[int], needs: Chosen) -> None:
        """Open what is wrong upstream, with all that was built on it, and what is gone where it is needed."""
        looked_at = _upstream(self.tasks, opened | {number for number, _ in needs})
        verdicts = {
            (n, one.index): self._verdict_for_readers(n, self._row(one))
            for n, one in run.kept()
            if n in looked_at
        }
        wrong = built_on(run, {key for key, verdict in verdicts.items() if verdict in WRONG})
        again = set(wrong)
        for number in reversed(range(len(self.tasks))):
            required = self._may_need(run, number) if number in opened else set()
            for one in run.instances(number):
                if (number, one.index) in needs | again:
                    required |= one.made_from
            again |= {key for key in required if verdicts.get(key) == "missing"}
        for n, one in list(run.kept()):
            if (n, one.index) in again:
                if (n, one.index) in wrong:
                    self.kept.forget(one.identity, self._row(one).output)
                one.state, one.is_fresh = PENDING, True

    def _may_need(self, run: Run, number: int) -> Chosen:
        """Return all that the instances of a task can be made from."""
        sources = {source for take in self.tasks[number].takes for source, _ in take.parts}
        return {key for source in sources | {*self.tasks[number].after} for key in run.all_of(source)}

    def _row(self, one: Instance) -> Row:
        """Return the result that an instance has; of one that is reused, with the newest stamps of its files."""
        assert one.row is not None
        if one.state != REUSED:
            return one.row
        return self.kept.newest(one.identity, one.row.output)

    # The place where functions are called

    def note(self, text: str) -> None:
        self.calls.append(text)

    def read(self, path: Path) -> str:
        if path.name not in self.files.found:
            raise FileNotFoundError(path)
        return self.files.found[path.name][0]

    def write(self, name: str, text: str) -> Path:
        self.files.put(name, text, self.files.tick())
        return Path(name)


def _upstream(tasks: tuple[Task, ...], numbers: set[int]) -> set[int]:
    found = set(numbers)
    for number in reversed(range(len(tasks))):
        if number in found:
            found |= {source for take in tasks[number].takes for source, _ in take.parts}
            found |= set(tasks[number].after)
    return found


def _whole(run: Run, take: Take, elements: list[Element]) -> Element:
    if take.deliver == "value":
        return elements[0]
    return Element(
        [element.value for element in elements],
        ("list", tuple(element.content for element in elements)),
        [pair for element in elements for pair in element.stamps],
        {origin for source, _ in take.parts for origin in run.all_of(source)},
    )


def _code(settings: Settings) -> int:
    return settings.code + 10 * settings.helper
