"""A cluster in the memory of this process, with a clock of its own, where everything goes wrong on demand.

It keeps the promises of a scheduler and no more: what a job does is a generator, which yields whenever time
passes, so that a job can end at any of these points, by itself or not. Nothing here happens by chance.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Collection, Iterator, Mapping

from reflow.contracts.executor import ElementReport, JobRequest, Limits
from reflow.errors import NotSubmitted, ReflowError, SchedulerError, SubmissionUnknown
from reflow.model.states import JobState

Life = Iterator[float]  #: what a job does; it yields for how many seconds nothing can be seen of it
Launch = Callable[["Element"], Life]

ANSWERS = ("lost", "dropped", "adrift", "late", "twice", "busy", "full", "refused")
"""What can become of a submission instead of an id at once: accepted, with the answer lost; not accepted, with
the answer lost; accepted half a minute after the answer was lost; accepted, answered half a minute later; accepted
twice; not now; not so many now; never."""

_EPOCH_S = 1_700_000_000
_START_S = 1.0  #: from being eligible to being started
_LATE_S = 30.0


class Killed(BaseException):
    """The process that runs now was killed; nothing of reflow catches it."""


class Terminated(BaseException):
    """A job is asked to end: thrown into its life, which may write something before it leaves."""


class Element:
    """One element of an array job: its state, as it is and as it was."""

    def __init__(self, request: JobRequest, native_id: str, number: int, created: float) -> None:
        self.request, self.native_id, self.number = request, native_id, number
        self.history: list[tuple[float, ElementReport]] = []
        self.due = created + request.begin_s + _START_S
        self.is_held = False
        self.life: Life | None = None
        self.ends_as = (JobState.COMPLETED, "")  # by itself
        self.is_inside = False  # its life is on the stack: it waits for the cluster, or for another
        self.turn(JobState.PENDING, created)

    @property
    def job(self) -> str:
        """How the job calls itself: a requeue keeps it."""
        return f"memory:{self.native_id}_{self.number}"

    @property
    def node(self) -> str:
        """Where it runs: on the first of four nodes that it may, counting from its own number."""
        nodes = [f"n{(self.number + turn) % 4 + 1}" for turn in range(4)]
        return next((node for node in nodes if node not in self.request.exclude), nodes[0])

    @property
    def state(self) -> JobState:
        """How it stands now."""
        return self.history[-1][1].state

    def turn(self, state: JobState, now: float, reason: str = "") -> None:
        """Change its state."""
        self.history.append((now, ElementReport(state, reason, node=self.node)))

    def seen(self, moment: float) -> ElementReport | None:
        """Return how it stood at a moment; None before it was there."""
        return next((report for time, report in reversed(self.history) if time <= moment), None)


class Cluster:
    """Runs array jobs as its clock goes on: it stands for `time` where a clock is asked for.

    Args:
        launch: Makes the life of an element that starts.
        slots: How many elements run at once.

    Attributes:
        answers: What becomes of the next submissions, one of `ANSWERS` each; empty texts for those that go well.
        meanwhile: Called once, while the next submission is on its way.
        takes: How many elements of tasks it has at once, whatever `limits` says; None: any number.
        deaf_until: Questions get no answer before that.
        lag_s: How old the listings are that poll and find give.
        forget_s: How long after its end an element is remembered.
        kill_after: At how many calls from now the process that makes it is killed; None: at none.
    """

    def __init__(self, launch: Launch, *, slots: int = 4, limits: Limits | None = None) -> None:
        self._launch = launch
        self._slots = slots
        self.limits = limits or Limits()
        self.jobs: dict[str, list[Element]] = {}
        self.answers: deque[str] = deque()
        self.meanwhile: Callable[[], object] | None = None
        self.takes: int | None = None
        self.now_s = 0.0
        self.deaf_until = 0.0
        self.lag_s = 0.0
        self.forget_s = 300.0
        self.kill_after: int | None = None
        self.submissions = 0
        self._stack: list[Element] = []

    # What happens in it

    @property
    def elements(self) -> list[Element]:
        """All elements there ever were, oldest first."""
        return [element for job in self.jobs.values() for element in job]

    @property
    def active(self) -> list[Element]:
        """Those that may still do something."""
        return [element for element in self.elements if element.state.is_active]

    def end(self, element: Element, state: JobState, reason: str = "", *, asked: bool = False) -> None:
        """End an element that is active; with ``asked`` it is told before, as by SIGTERM."""
        if not element.state.is_active:
            return
        if asked and element.life is not None and not element.is_inside:
            element.ends_as = (state, reason)
            self._live(element, lambda life: life.throw(Terminated()))  # type: ignore[attr-defined]
        if element.state.is_active:
            element.turn(state, self.now_s, reason)
        self._bury(element)

    def requeue(self, element: Element) -> None:
        """Stop an element that runs, and queue it again under its own name."""
        self._bury(element)
        element.turn(JobState.PENDING, self.now_s, "BeginTime")
        element.due = self.now_s + _START_S

    def vanish(self, native_id: str) -> None:
        """Forget a job that had been accepted, as a controller does that crashed too early."""
        for element in self.jobs.pop(native_id):
            element.turn(JobState.UNKNOWN, self.now_s)
            self._bury(element)

    def _bury(self, element: Element) -> None:
        if element.life is not None and not element.is_inside:
            element.life.close()  # type: ignore[attr-defined]  # a generator
        element.life = None

    # The clock

    def time_ns(self) -> int:
        """Stand for `time.time_ns`."""
        return int((_EPOCH_S + self.now_s) * 1e9)

    def monotonic(self) -> float:
        """Stand for `time.monotonic`."""
        return self.now_s

    def sleep(self, seconds: float) -> None:
        """Stand for `time.sleep` in a process that may be killed meanwhile."""
        self.point()
        self.run_for(seconds)
        self.point()

    def run_for(self, seconds: float) -> None:
        """Let time pass, with all that happens in it."""
        ends = self.now_s + max(0.0, seconds)
        while (element := self._next(ends)) is not None:
            self.now_s = max(self.now_s, element.due)
            self._step(element)
        self.now_s = max(self.now_s, ends)

    def point(self) -> None:
        """Kill the process that runs now if its job is over, or if it was to be killed here."""
        if self._stack and not self._stack[-1].state.is_active:
            raise Killed
        if self.kill_after is not None:
            self.kill_after -= 1
            if self.kill_after < 0:
                self.kill_after = None
                raise Killed

    def _next(self, until: float) -> Element | None:
        running = [e for e in self.active if e.state is JobState.RUNNING]
        due = [e for e in running if not e.is_inside]
        if len(running) < self._slots:
            due += [e for e in self.active if e.state is JobState.PENDING and self._may_start(e)]
        return min((e for e in due if e.due <= until), key=lambda e: e.due, default=None)

    def _may_start(self, element: Element) -> bool:
        request = element.request
        before = [e for native in request.predecessors for e in self.jobs.get(native, ())]
        before += [
            e for native, n in request.elements_ahead for e in self.jobs.get(native, ()) if e.number == n
        ]
        return not element.is_held and not any(e.state.is_active for e in before)

    def _step(self, element: Element) -> None:
        if element.life is None:
            element.turn(JobState.RUNNING, self.now_s)
            element.life = self._launch(element)
        self._live(element, next)

    def _live(self, element: Element, go_on: Callable[[Life], float]) -> None:
        assert element.life is not None
        self._stack.append(element)
        element.is_inside = True
        state, reason = element.ends_as
        try:
            element.due = self.now_s + go_on(element.life)
            return
        except (StopIteration, Terminated):
            pass
        except Killed:
            state, reason = JobState.FAILED, "killed by signal 9 (SIGKILL)"
        except ReflowError as error:
            state, reason = JobState.FAILED, f"ended with exit status {error.exit_code}: {error}"
        finally:
            element.is_inside = False
            self._stack.pop()
        if element.state is JobState.RUNNING:
            element.turn(state, self.now_s, reason)

    # What an executor asks

    def submit(self, request: JobRequest) -> str:
        """Queue a request, or do what the next of `answers` says."""
        self.point()
        answer = self.answers.popleft() if self.answers else ""
        if meanwhile := self.meanwhile:
            self.meanwhile = None
            meanwhile()
        if self._is_too_much(request):
            answer = "full"
        if answer in ("busy", "full", "refused"):
            raise NotSubmitted(
                f"{request.name}: {answer}", transient=answer != "refused", over_limit=answer == "full"
            )
        native = "" if answer == "dropped" else self._queue(request, _LATE_S if answer == "adrift" else 0.0)
        if answer == "twice":
            native = self._queue(request, 0.0)
        if answer in ("lost", "dropped", "adrift"):
            raise SubmissionUnknown(f"{request.name}: Socket timed out on send/recv operation")
        if answer == "late":
            self.sleep(_LATE_S)
        self.point()
        return native

    def _is_too_much(self, request: JobRequest) -> bool:
        if self.takes is None or not request.instances:
            return False
        return request.count + sum(1 for element in self.active if element.request.instances) > self.takes

    def _queue(self, request: JobRequest, later: float) -> str:
        self.submissions += 1
        native = str(100 + self.submissions)
        created = self.now_s + later
        self.jobs[native] = [Element(request, native, number, created) for number in range(request.count)]
        return native

    def find(self, tokens: Collection[str]) -> dict[str, str]:
        """Return the jobs of some tokens; several of one token under one id."""
        found: dict[str, list[str]] = {}
        for native, elements in self._listed().items():
            if (token := elements[0].request.token) in tokens:
                found.setdefault(token, []).append(native)
        return {token: "+".join(natives) for token, natives in found.items()}

    def poll(self, native_ids: Collection[str]) -> dict[str, dict[int, ElementReport]]:
        """Return what is remembered of jobs; of several copies of an element, the one that is alive."""
        listed = self._listed()
        answer: dict[str, dict[int, ElementReport]] = {}
        for native_id in native_ids:
            for native in self._copies(native_id):
                for element in listed.get(native, ()):
                    report = element.seen(self.now_s - self.lag_s)
                    known = answer.setdefault(native_id, {}).get(element.number)
                    if report is not None and (known is None or not known.state.is_active):
                        answer[native_id][element.number] = report
        return answer

    def is_over(self, job: str) -> bool:
        """Return whether no element of that name is listed that may still do something."""
        listed = [element for elements in self._listed().values() for element in elements]
        return not any(element.job == job and element.state.is_active for element in listed)

    def cancel(self, native_ids: Collection[str], numbers: Collection[int] | None = None) -> None:
        """End jobs, or some elements of them, as their owner."""
        self._hear()
        chosen = [e for text in native_ids for native in self._copies(text) for e in self.jobs[native]]
        for element in chosen:
            if numbers is None or element.number in numbers:
                self.end(element, JobState.CANCELLED, "cancelled by user 1000", asked=True)
        self.point()

    def _copies(self, native_id: str) -> list[str]:
        """Return the jobs of a request: several, where it was taken more than once."""
        tokens = {
            self.jobs[native][0].request.token for native in native_id.split("+") if native in self.jobs
        }
        return [native for native, job in self.jobs.items() if job[0].request.token in tokens]

    def _hear(self) -> None:
        self.point()
        if self.now_s < self.deaf_until:
            raise SchedulerError("Unable to contact slurm controller (connect failure)")

    def _listed(self) -> Mapping[str, list[Element]]:
        self._hear()
        moment = self.now_s - self.lag_s
        known = ((n, [e for e in job if self._is_known(e, moment)]) for n, job in self.jobs.items())
        return {native: elements for native, elements in known if elements}

    def _is_known(self, element: Element, moment: float) -> bool:
        report = element.seen(moment)
        if report is None:
            return False
        return report.state.is_active or self.now_s - element.history[-1][0] <= self.forget_s
