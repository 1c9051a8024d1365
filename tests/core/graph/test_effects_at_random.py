"""What a project does while its modules are loaded counts where it makes a task compute something else."""

from __future__ import annotations

import math
import re

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from reflow.graph.code import codes_of

CONFIG = """
L, D, N = [{n}], {'z': {n}}, {n}

class Box:
    kind, known = {n}, []
    def __init__(self, n=0):
        self.n = n
    def put(self, n):
        self.n += n
        return self
    @classmethod
    def note(cls, n):
        cls.known.append(n)
        return cls
    @staticmethod
    def fill(t, n):
        t.append(n)

class Base:
    def __init_subclass__(cls):
        L.append(cls.w)

class Wide(Box):
    pass

class Part:
    def __set_name__(self, owner, name):
        L.append(name)

class Meter:
    kind = {n}
    def __init__(self, n=0):
        self.n = n
    @property
    def size(self):
        L.append(self.n)
        return self
    @size.setter
    def size(self, n):
        L.append(n)
    def __setitem__(self, k, v):
        D[k] = v
    def __iadd__(self, n):
        L.append(n)
        return self
    def __or__(self, n):
        Box.known.append(n)
    def __enter__(self):
        Meter.kind = self.n
    def __exit__(self, *a):
        pass
    def __iter__(self):
        L.append(self.n)
        return iter(())
    def keep(self, n):
        self.n = n
        return n
    def hook(self, n):
        self.put(n)
    def put(self, n):
        pass

class Deep(Meter):
    def put(self, n):
        L.append(n)

class Size:
    def __init__(self, n=0):
        self.n = n
    def __len__(self):
        L.append(self.n)
        return 1
    def __repr__(self):
        L.append(self.n)
        return ''

def ping(n):
    return pong(n - 1) if n else L.append(n)

def pong(n):
    L.append(n)
    return ping(n - 1) if n else None

def note(n, so_far=[]):
    so_far.append(n)
    return so_far

B, M = Box({n}), Meter({n})
W = Wide({n})
H = [Meter({n})]

def add(n, t=L):
    t.append(n)
    return n

def setn(n):
    global N
    N = n

def table():
    return D

STEPS = []

def step(f):
    STEPS.append(f)
    return f

def run_all():
    for one in STEPS:
        one()

def register(n):
    def put(f):
        D[n] = f(0)
        return f
    return put
"""
STATEMENTS = """
L.append({n}) | L[0] = {n} | D.update(a={n}) | D.setdefault('q', {n}) | add({n}) | add(n={n}) | add(*[{n}]) | setn({n})
table()['t'] = {n} | table().update(u={n}) | t_ = table()/t_['v'] = {n} | B.put({n}) | B.n = {n} | B.put(1).put({n})
Box.kind = {n} | Box.note({n}) | Box.note(1).note({n}) | Box.fill(L, {n}) | Box.known.append({n}) | setattr(Box, 'kind', {n})
@register({n})/def g_(x):/ return 5 | @register(1)/def g_(x):/ return {n} | K_ = {n}/@register(1)/def g_(x):/ return K_
class S_(Base):/ w = {n} | W_ = {n}/class S_(Base):/ w = W_ | class Q_(Box):/ def __init__(self, n):/  super().__init__(n)/  L.append(n)/Q_({n})
class Q_(Box):/ def go(self, n):/  self.put(n)/  Box.known.append(self.n)/q_ = Q_()/q_.go({n}) | class M_(type):/ def __new__(m, name, bases, ns):/  L.append(ns['w'])/  return super().__new__(m, name, bases, ns)/class C_(metaclass=M_):/ w = {n}
for i_ in range({n} % 7):/ add(i_) | [add(i) for i in ({n}, 1)] | l_ = list(map(add, [{n}])) | (lambda n: L.append(n))({n}) | p_ = L.append/p_({n})
def h_(t=L):/ t.append({n})/h_() | def h_(n={n}):/ add(n)/h_() | def h_(f, n):/ f(n)/h_(add, {n}) | def h_():/ return L, D/r_, _ = h_()/r_.append({n})
if {n} % 2:/ L.append(7)/else:/ L.append(8) | x_ = L/x_ += [{n}] | for r_ in (L,):/ r_.append({n}) | a_, b_ = L, {n}/a_.append(b_) | s_ = dict(a=L)/s_['a'].append({n})
class P_:/ L.append({n}) | class H_:/ t = L/H_.t.append({n}) | class H_:/ def __init__(self, t):/  self.t = t/ def do(self, n):/  self.t.append(n)/h_ = H_(L)/h_.do({n})
class F_:/ def __call__(self, n):/  L.append(n)/f_ = F_()/f_({n}) | class F_:/ def __call__(self, n):/  L.append(n)/F_()({n}) | w_ = {'a': add}/w_['a']({n}) | for f_ in [add]:/ f_({n})
globals()['L'] = [{n}] | vars()['L'] = [{n}] | exec('L = [{n}]') | eval('L.append({n})', {'L': L}) | k_ = 'L'/globals()[k_] = [{n}] | import sys/setattr(sys.modules[__name__], 'L', [{n}])
Wide.note({n}) | W.known.append({n}) | Wide({n}).known.append({n}) | Wide.known += [{n}] | class Q_(Wide):/ pass/Q_.note({n}) | T_ = type('T_', (Wide,), {})/T_.note({n})
M.size = {n} | x_ = Meter({n}).size | M['m'] = {n} | M += {n} | M|{n} | with Meter({n}):/ pass | for x_ in Meter({n}):/ pass | H[0]['h'] = {n}
x_ = H[0].keep({n}) | H[0].size = {n} | Deep().hook({n}) | class Q_:/ x_{n} = Part() | T_ = type('T_', (Base,), {'w': {n}}) | ping({n}) | pong({n}) | note({n}) | l_ = list(map(Meter, [{n}]))/l_[0].size
import math/math.zzz = {n} | import math/setattr(math, 'zzz', {n})
@step/def g_():/ L.append({n}) | @step/def g_():/ L.append({n})/run_all() | for f_ in STEPS:/ f_() | run_all() | STEPS.append(lambda: add({n}))
x_ = len(Size({n})) | x_ = f'{Size({n})}' | x_ = str(Size({n})) | x_ = {n} if Size({n}) else 0 | x_ = [0 for _ in 'a' if Size({n})] | Z_ = Size({n})/x_ = bool(Z_)
match {n} % 2:/ case 1:/  L.append(5)/ case _:/  L.append(6) | assert add({n}) is not None | add({n}) if L else None | del L[:{n} % 2] | V_ = [{n}]/L.extend(V_)
"""  # noqa: E501  (a line of `/` is a statement's)
NAMED = (
    "L, D, Box, Base, B, add, setn, table, register, Wide, W, Part, Meter, Deep, M, H, ping, pong, note, "
    "Size, STEPS, step, run_all"
)
IMPORTS = [
    f"from .config import {NAMED}",
    "from .config import *",
    "from . import config as c",
]
RUN = """
import math
def run(x):
    own = B.n, H[0].n, Meter.kind, Box.kind, Box.known
    return repr((L, D, own, table(), note.__defaults__, getattr(math, 'zzz', 0)))
"""
FLOW = "from . import other\nfrom .model import run\n\ndef task(x: int) -> str:\n    return run(x)\n"
NAMES = re.compile(rf"(?<![\w.'])(?:{NAMED.replace(', ', '|')})\b")


EVERY = [statement.strip() for statement in re.split(r"\n| \| ", STATEMENTS.strip())]


@st.composite
def projects(draw):
    """Draw the texts of a project twice: with one number that is another one."""

    def body(imports):
        drawn = draw(st.lists(st.sampled_from(EVERY), max_size=2))
        own = (re.sub(r"(?<=[a-zA-Z])_\b", f"_{number}", text) for number, text in enumerate(drawn))
        text = "\n".join(own).replace("/", "\n")
        return NAMES.sub(lambda found: f"c.{found[0]}", text) if imports is IMPORTS[2] else text

    first, second = draw(st.sampled_from(IMPORTS)), draw(st.sampled_from(IMPORTS))
    run = NAMES.sub(lambda found: f"c.{found[0]}", RUN) if second is IMPORTS[2] else RUN
    texts = {
        "config": CONFIG + body(None),
        "other": f"{first}\n{body(first)}\n",
        "model": f"{second}\n{body(second)}\n{run}",
    }
    count = sum(text.count("{n}") for text in texts.values())
    numbers = [n % 9 + 1 for n in range(count)]
    at, more = draw(st.integers(0, count - 1)), draw(st.sampled_from([1, 10, 101]))
    return [
        _filled(texts, changed)
        for changed in (numbers, [n + more * (i == at) for i, n in enumerate(numbers)])
    ]


def _filled(texts, numbers):
    left = iter(numbers)
    return {name: re.sub(r"\{n\}", lambda _: str(next(left)), text) for name, text in texts.items()}


@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(project=projects())
def test_what_makes_a_task_compute_something_else_changes_its_hash(load, project):
    found = []
    for texts in project:
        vars(math).pop("zzz", None)
        task = load({**texts, "flow": FLOW})
        found.append((codes_of({"task": task})["task"].hash, _value(task)))
    (one, then), (other, now) = found

    assert then == now or one != other


def _value(task):
    try:
        return re.sub(r"0x\w+", "", task(1))
    except NameError as error:
        return str(error)
