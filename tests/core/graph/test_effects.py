"""What a module does while it is loaded counts with the globals that it changes."""

from __future__ import annotations

import pytest

from reflow.graph.code import codes_of

FLOW = """
from reflow import Flow
from .model import run
{before}
flow = Flow("f")

@flow.job
def task(x: int) -> int:
    return run(x)
"""


def code(load, flow="", **modules):
    return codes_of({"task": load({"flow": FLOW.format(before=flow), **modules})})["task"]


REGISTER = "T = {}\n\ndef register(f):\n    T[f.__name__] = f\n    return f\n\n"
OWN_REGISTRY = """
class Registry:
    def __init__(self):
        self.known = []
    def put(self, one):
        self.known.append(one)
        return one
    def put_all(self, *some):
        return [self.put(one) for one in some]
    def size(self):
        return len(self.known)
"""
OWN = {
    "a function fills it": ("def fill(t):\n    t['a'] = 1\n\nT = {}\nfill(T)\n", "= 1", "= 2"),
    "a function of others fills it": ("from random import shuffle\nT = [1, 2]\nshuffle(T)\n", "shuffle(T)\n", "\n"),
    "a function fills it that it is not given to": (
        "T = {}\n\ndef add(k, v):\n    T[k] = v\n\nadd('a', 1)\n",
        "add('a', 1)",
        "add('a', 2)",
    ),
    "a function that another calls": (
        "T = {}\n\ndef add(t, v):\n    t['a'] = v\n\ndef setup(v):\n    add(T, v)\n\nsetup(1)\n",
        "setup(1)",
        "setup(2)",
    ),
    "a function whose result is used": (
        "T = {}\n\ndef add(v):\n    T['a'] = v\n    return v\n\nONE = add(1)\n",
        "add(1)",
        "add(2)",
    ),
    "a function that says that it is global": (
        "T = 1\n\ndef setup():\n    global T\n    T = 10\n\nsetup()\n",
        "T = 10",
        "T = 20",
    ),
    "a part of it": ("T = {'a': []}\nT['a'].append(5)\n", "append(5)", "append(6)"),
    "a part that has a name": ("T = {'a': []}\nA = T['a']\nA.append(5)\n", "append(5)", "append(6)"),
    "each part": ("T = [[1], [2]]\nfor row in T:\n    row.append(5)\n", "append(5)", "append(6)"),
    "another name of it": ("T = []\n\ndef fill(v):\n    t = T\n    t.append(v)\n\nfill(1)\n", "fill(1)", "fill(2)"),
    "an attribute that is named": ("class T:\n    n = 1\n\nsetattr(T, 'n', 2)\n", "'n', 2", "'n', 3"),
    "what takes something away": ("T = [1, 2, 3]\nFIRST = T.pop()\n", "T.pop()", "T.pop(0)"),
    "an object that is made": (
        "T = []\n\nclass One:\n    def __init__(self, n):\n        T.append(n)\n\nONE = One(1)\n",
        "One(1)",
        "One(2)",
    ),
    "what a partial function is given": (
        "from functools import partial\nT = []\n\ndef add(t, n):\n    t.append(n)\n\n"
        "add_one = partial(add, T)\nadd_one(1)\n",
        "add_one(1)",
        "add_one(2)",
    ),
    "a lambda": ("T = []\nadd = lambda n: T.append(n)\nadd(1)\n", "add(1)", "add(2)"),
    "a statement within another": ("T = []\nif True:\n    T.append(1)\n", "append(1)", "append(2)"),
    "a class body": ("T = []\n\nclass C:\n    T.append(1)\n", "append(1)", "append(2)"),
    "a comprehension": ("T = []\n[T.append(n) for n in (1, 2)]\n", "(1, 2)", "(2, 1)"),
    "a function that imports what fills it": (
        "T = []\n\ndef setup():\n    from .other import add\n    add(T)\n\nsetup()\nfrom . import other\n",
        "setup()\nfrom",
        "\nfrom",
    ),
    "a decorator": (f"{REGISTER}@register\ndef a(x):\n    return 1\n", "return 1", "return 2"),
    "a decorator that is made": (
        "T = {}\n\ndef named(n):\n    def put(f):\n        T[n] = f\n        return f\n    return put\n\n"
        "@named('a')\ndef a(x):\n    return 1\n",
        "'a')",
        "'b')",
    ),
    "a decorator that is an object": (
        "T = {}\n\nclass named:\n    def __init__(self, n):\n        self.n = n\n"
        "    def __call__(self, f):\n        T[self.n] = f\n        return f\n\n"
        "@named('a')\ndef a(x):\n    return 1\n",
        "return 1",
        "return 2",
    ),
    "a decorator that is an object of nothing": (
        "T = {}\n\nclass put:\n    def __call__(self, f):\n        T['f'] = f\n        return f\n\n"
        "@put()\ndef a(x):\n    return 1\n",
        "return 1",
        "return 2",
    ),
    "a decorator that is given it": (
        "T = {}\n\nclass into:\n    def __init__(self, table):\n        self.table = table\n"
        "    def __call__(self, f):\n        self.table['f'] = f\n        return f\n\n"
        "@into(T)\ndef a(x):\n    return 1\n",
        "return 1",
        "return 2",
    ),
    "a class that is derived from a generic one": (
        "from typing import Generic, TypeVar\nN = TypeVar('N')\nT = []\n\nclass Base(Generic[N]):\n"
        "    def __init_subclass__(cls):\n        T.append(cls)\n\nclass A(Base[int]):\n    n = 1\n",
        "n = 1",
        "n = 2",
    ),
    "a class that is derived, by itself": (
        "class T:\n    known = []\n    def __init_subclass__(cls):\n        cls.known.append(cls)\n\n"
        "class A(T):\n    n = 1\n",
        "n = 1",
        "n = 2",
    ),
    "a metaclass": (
        "T = []\n\nclass Meta(type):\n    def __init__(cls, name, bases, body):\n        T.append(cls)\n\n"
        "class Base(metaclass=Meta):\n    pass\n\nclass A(Base):\n    n = 1\n",
        "n = 1",
        "n = 2",
    ),
    "a decorator of a class": (f"{REGISTER}@register\nclass A:\n    n = 1\n", "n = 1", "n = 2"),
    "what a decorated function takes": (
        f"{REGISTER}N = 1\n\n@register\ndef a(x):\n    return N\n",
        "N = 1",
        "N = 2",
    ),
    "a class that is derived": (
        "T = []\n\nclass Base:\n    def __init_subclass__(cls):\n        T.append(cls)\n\n"
        "class Middle(Base):\n    pass\n\n"
        "class A(Middle):\n    n = 1\n",
        "n = 1",
        "n = 2",
    ),
    "a method of an own class": (
        f"{OWN_REGISTRY}T = Registry()\nONE = T.put(1)\n",
        "T.put(1)",
        "T.put(2)",
    ),
    "a method of an own class that another calls": (
        f"{OWN_REGISTRY}T = Registry()\nONE = T.put_all(1)\n",
        "T.put_all(1)",
        "T.put_all(2)",
    ),
    "the order": ("L = [1]\nT = sum(L)\nL.append(5)\n", "T = sum(L)\nL.append(5)", "L.append(5)\nT = sum(L)"),
    "the order of what functions do": (
        "L = [1]\n\ndef total():\n    return sum(L)\n\nT = total()\nL.append(5)\n",
        "T = total()\nL.append(5)",
        "L.append(5)\nT = total()",
    ),
    "the order of values": ("N = 1\nT = N\nN = 2\n", "T = N\nN = 2", "N = 2\nT = N"),
    "a method of what a class is derived from, which its own calls": (
        "T = []\n\nclass Base:\n    def __init__(self, n):\n        T.append(n)\n\n"
        "class One(Base):\n    def __init__(self, n):\n        super().__init__(n)\n\nONE = One(1)\n",
        "One(1)",
        "One(2)",
    ),
    "a class that is derived, which another hook calls": (
        "T = []\n\nclass Base:\n    def __init_subclass__(cls):\n        T.append(cls)\n\n"
        "class Middle(Base):\n    def __init_subclass__(cls):\n        super().__init_subclass__()\n\n"
        "class A(Middle):\n    n = 1\n",
        "n = 1",
        "n = 2",
    ),
    "an object that a method of its class makes": (
        "T = []\n\nclass One:\n    def __init__(self, n):\n        T.append(n)\n"
        "    @classmethod\n    def of(cls, n):\n        return cls(n)\n\nONE = One.of(1)\n",
        "One.of(1)",
        "One.of(2)",
    ),
    "a method of an object that is just made": (
        "T = []\n\nclass One:\n    def __init__(self, n):\n        self.n = n\n"
        "    def register(self):\n        T.append(self.n)\n\nOne(1).register()\n",
        "One(1)",
        "One(2)",
    ),
    "a method of a class that decorates": (
        "class T:\n    known = {}\n    @classmethod\n    def register(cls, name):\n        def put(f):\n"
        "            cls.known[name] = f\n            return f\n        return put\n\n"
        "@T.register('a')\ndef a(x):\n    return 1\n",
        "return 1",
        "return 2",
    ),
    "what a function returns": (
        "T = {}\n\ndef table():\n    return T\n\ntable().update(a=1)\n",
        "a=1",
        "a=2",
    ),
    "what a function returns, under a name": (
        "T = {}\n\ndef table():\n    return T\n\nfound = table()\nfound['a'] = 1\n",
        "= 1",
        "= 2",
    ),
    "a default value": ("T = []\n\ndef add(v, t=T):\n    t.append(v)\n\nadd(5)\n", "add(5)", "add(6)"),
    "a table of a metaclass": (
        "class T(type):\n    known = {}\n    def __new__(meta, name, bases, body):\n"
        "        meta.known[name] = super().__new__(meta, name, bases, body)\n        return meta.known[name]\n\n"
        "class A(metaclass=T):\n    n = 1\n",
        "n = 1",
        "n = 2",
    ),
    "a table that a metaclass gives to a class": (
        "class Meta(type):\n    def __init__(cls, name, bases, body):\n"
        "        cls.known = {} if not bases else cls.known\n        cls.known[name] = cls\n\n"
        "class T(metaclass=Meta):\n    pass\n\nclass A(T):\n    n = 1\n",
        "n = 1",
        "n = 2",
    ),
    **{
        f"a list of a class, as {name}": (
            f"class T:\n    known = []\n    def __init__(self, n):\n        self.n = n\n        {name}.append(self)\n\n"
            "T(1)\n",
            "T(1)",
            "T(2)",
        )
        for name in ("self.known", "type(self).known", "self.__class__.known")
    },
    "an object that is called": (
        "T = []\n\nclass Add:\n    def __call__(self, n):\n        T.append(n)\n\nadd = Add()\nadd(1)\n",
        "add(1)",
        "add(2)",
    ),
    "an object that is called once it is made": (
        "T = []\n\nclass Add:\n    def __call__(self, n):\n        T.append(n)\n\nAdd()(1)\n",
        "()(1)",
        "()(2)",
    ),
    "a function of a table": (
        "T = []\n\ndef add(n):\n    T.append(n)\n\nADD = {'a': add}\nADD['a'](1)\n",
        "(1)",
        "(2)",
    ),
    "a function that one of the project is given": (
        "T = []\n\ndef add(n):\n    T.append(n)\n\ndef call(f, n):\n    f(n)\n\ncall(add, 1)\n",
        "add, 1",
        "add, 2",
    ),
    "one of several that a function returns": (
        "T = []\n\ndef both():\n    return T, 1\n\nt, _ = both()\nt.append(1)\n",
        "append(1)",
        "append(2)",
    ),
    "a name that an expression gives": ("T = 1\nif (T := 2):\n    pass\n", ":= 2", ":= 3"),
    "a name that a pattern gives": ("T = 1\nmatch [5]:\n    case [T]:\n        pass\n", "[5]", "[6]"),
    "one of several names": ("T = []\nt, n = T, 1\nt.append(n)\n", "T, 1", "T, 2"),
    "what a dict holds": ("T = []\nD = dict(a=T)\nD['a'].append(1)\n", "append(1)", "append(2)"),
    "what a class calls by another name": (
        "T = []\n\nclass C:\n    t = T\n\nC.t.append(1)\n",
        "append(1)",
        "append(2)",
    ),
    "what an object holds": (
        "T = []\n\nclass Filler:\n    def __init__(self, t):\n        self.t = t\n    def add(self, n):\n"
        "        self.t.append(n)\n\nfiller = Filler(T)\nfiller.add(1)\n",
        "add(1)",
        "add(2)",
    ),
    **{
        f"a method that is given away, as in {statement}": (f"T = []\nONE = {statement}\n", "[1]", "[2]")
        for statement in ("list(map(T.append, [1]))", "sorted([1], key=T.append)", "(t := T).append([1])")
    },
    "a method of a list that is called by its class": ("T = []\nlist.append(T, 1)\n", "1)", "2)"),
    "a method of a dict that is called by its class": ("T = {}\ndict.update(T, a=1)\n", "=1", "=2"),
    "what an object calls by the name of its class": (
        "T = []\n\nclass C:\n    t = T\n    def add(self, n):\n        return self.t.append(n)\n\nONE = C().add(1)\n",
        "add(1)",
        "add(2)",
    ),
    "a function that another is given": (
        "T = []\n\ndef add(v):\n    T.append(v)\n\nDONE = list(map(add, (1, 2)))\n",
        "(1, 2)",
        "(1, 3)",
    ),
}  # fmt: skip
OTHER = "def add(t):\n    t.append(1)\n"


@pytest.mark.parametrize("shape", OWN)
def test_what_changes_a_global_while_the_module_is_loaded_counts(load, shape):
    text, old, new = OWN[shape]
    assert text.count(old) == 1
    run = "\ndef run(x):\n    return T\n"

    one, other = (code(load, model=changed + run, other=OTHER) for changed in (text, text.replace(old, new)))
    assert one.hash != other.hash
    assert one.unresolved == ()


ABROAD = {
    "an attribute of a module": ("from . import config\nconfig.RES = 0.25", "0.25", "0.5"),
    "one of a package": ("from . import pack\npack.inner.RES = 1", "= 1", "= 2"),
    "one that is named": ("from . import config as conf\nsetattr(conf, 'RES', 3)", "3", "4"),
    "one that is not named": ("from . import config\nfor n in ('RES',):\n    setattr(config, n, 3)", "3", "4"),
    "a table": ("from .config import TABLE\nTABLE.update(a=1)", "a=1", "a=2"),
    "a table that is added to": ("from .config import TABLE\nTABLE |= {'a': 1}", "1", "2"),
    "a table that it was imported from": ("from .between import TABLE as T\nT['a'] = 1", "= 1", "= 2"),
    "all of a table": ("from .stars import *\nTABLE['a'] = 1", "= 1", "= 2"),
    "an attribute of a class": ("from .config import Model\nModel.rate = 1", "= 1", "= 2"),
    "a function that declares it": ("from .config import setup\nsetup(1)", "setup(1)", "setup(2)"),
    "a function of a module": ("from . import config\nconfig.setup(1)", "setup(1)", "setup(2)"),
    "a module that is given away": ("from . import config\ndef fill(m):\n    m.RES = 1\nfill(config)", "= 1", "= 2"),
    "a decorator": ("from .config import register\n@register\ndef a(x):\n    return 1", "return 1", "return 2"),
    "a decorator that has another name here": (
        "from .config import register as put\n@put\ndef a(x):\n    return 1",
        "return 1",
        "return 2",
    ),
    "a decorator of a module": (
        "from . import config\n@config.register\ndef a(x):\n    return 1",
        "return 1",
        "return 2",
    ),
    "a method that decorates": (
        "from .config import AREA\n@AREA.put\ndef a(x):\n    return 1",
        "return 1",
        "return 2",
    ),
    "a method whose result is used": (
        "from .config import AREA\nONE = AREA.put(1)",
        "put(1)",
        "put(2)",
    ),
    "a class that is derived": (
        "from .config import Base\nclass A(Base):\n    n = 1",
        "n = 1",
        "n = 2",
    ),
    "what a function returns": ("from .config import settings\nsettings().rate = 1", "= 1", "= 2"),
    "two of a module that a function returns": (
        "from . import config\ndef both():\n    return config.OTHER, config.TABLE\nfor t in both():\n    t['a'] = 1",
        "= 1",
        "= 2",
    ),
    "two of a module, the other way round": (
        "from . import config\ndef both():\n    return config.TABLE, config.OTHER\nfor t in both():\n    t['a'] = 1",
        "= 1",
        "= 2",
    ),
    "what a function of a module returns": ("from . import config\nconfig.settings().rate = 1", "= 1", "= 2"),
    "a module that is imported for that": ("from . import patches", "", ""),
    "a module that it is imported by": ("from . import importing", "", ""),
}  # fmt: skip
CONFIG = """
RES = 1
TABLE = {}
OTHER = {}

class Model:
    rate = 0

_MODEL = Model()

def settings():
    return _MODEL

def setup(n):
    global RES
    RES = n

def register(f):
    TABLE[f.__name__] = f
    return f

class Base:
    def __init_subclass__(cls):
        TABLE[cls.__name__] = cls
{registry}
AREA = Registry()
""".replace("{registry}", OWN_REGISTRY)
MODEL = """
from . import config
from .config import AREA, Model, TABLE, settings
from .pack.inner import RES

def run(x):
    return x + config.RES + Model.rate + TABLE['a'] + RES + AREA.size() + settings().rate
"""


@pytest.mark.parametrize("shape", ABROAD)
def test_what_another_module_changes_counts(load, shape):
    flow, old, new = ABROAD[shape]
    patches = "from . import config\nconfig.RES = {}\n"
    rest = {
        "model": MODEL,
        "config": CONFIG,
        "between": "from .config import TABLE\n",
        "stars": "from .between import *\n",
        "importing": "from . import patches\n",
        "pack/__init__": "from . import inner\n",
        "pack/inner": "RES = 0\n",
    }
    hashes = {
        code(
            load, flow.replace(old, new) if at else flow, **rest, patches=patches.format(at if not old else 1)
        ).hash
        for at in (0, 1)
    }

    assert len(hashes) == 2


def test_what_another_module_changes_keeps_its_hash_when_their_package_is_renamed(load):
    modules = {"config": CONFIG, "model": "from .config import RES\n\ndef run(x):\n    return RES\n"}
    hashes = {code(load, "from . import config\nconfig.RES = 2", **modules).hash for _ in range(2)}

    assert len(hashes) == 1


@pytest.mark.parametrize(
    "flow",
    [
        "from .config import TABLE\nprint(TABLE)",
        "from .config import TABLE\nsub = Flow('s')\n@sub.job\ndef t(x: dict[str, int]) -> int:\n    return 1\n"
        "main = Flow('g')\nmain.include(sub, params={'x': TABLE})",
        "import sys\nsys.path.insert(0, 'x')",
        "from . import config\nOTHER = config.RES + 1",
        "from .config import TABLE\nPARTS = sorted(TABLE)",
        "from .config import AREA\nSIZE = AREA.size()",
        "from functools import lru_cache\nfrom .config import TABLE\n"
        "@lru_cache(maxsize=len(TABLE))\ndef a(x):\n    return 1",
        "from . import config\ndef plain(f):\n    return f\n@plain\ndef a(x):\n    return config.RES",
        "def total(t):\n    found = []\n    for x in t:\n        found.append(x)\n    return found\n"
        "from .config import TABLE\nTOTAL = total(TABLE)",
    ],
)
def test_what_only_looks_at_a_global_does_not_count(load, flow):
    rest = {"model": MODEL, "config": CONFIG, "pack/__init__": "", "pack/inner": "RES = 0\n"}
    plain = code(load, **rest)
    # an empty line stands where the statements are
    assert code(load, flow, **rest).hash == plain.hash


@pytest.mark.parametrize(
    "made",
    [
        "self.size = n",
        "self.items = []\n        self.items.append(n)",
        "self.known = {}\n        self.known[n] = n",
    ],
)
def test_what_an_object_has_for_itself_is_no_change_of_its_class(load, made):
    model = (
        "class T:\n    size = 0\n    known = None\n    def __init__(self, n):\n        {}\n\n"
        "one = T({})\n\ndef run(x):\n    return T\n"
    )

    assert len({code(load, model=model.format(made, n)).hash for n in (1, 2)}) == 1


PACKAGES = {
    "a function of it": ("import numpy as np\nnp.dtype('{}')", "import numpy as np\n", "return np"),
    "one that has a name": (
        "from numpy import dtype\ndtype('{}')",
        "from numpy import ones\n",
        "return ones",
    ),
    "a part of it": ("import numpy.version\nnumpy.version.note = '{}'", "import numpy\n", "return numpy"),
    "in a function": (
        "def setup(how):\n    import numpy as np\n    np.dtype(how)\nsetup('{}')",
        "import numpy as np\n",
        "return np",
    ),
    "a draw of random numbers": (
        "import numpy as np\nNOISE = np.random.normal(0, 1, int('{}'[-1]))",
        "import numpy as np\n",
        "return np.random.uniform()",
    ),
    "a draw in a function": (
        "import numpy as np\ndef noise(how):\n    return np.random.choice(how)\nNOISE = noise(int('{}'[-1]))",
        "import numpy as np\n",
        "return np.random.uniform()",
    ),
    "for whom imports it later": ("import numpy\nnumpy.dtype('{}')", "", "import numpy as np\n    return np"),
}


@pytest.mark.parametrize("shape", PACKAGES)
@pytest.mark.parametrize("where", ["model", "style", "flow"])
def test_what_sets_up_an_installed_package_counts_for_those_who_use_it(load, shape, where):
    setting, imports, body = PACKAGES[shape]

    def hashed(how):
        run = f"{imports}\ndef run(x):\n    {body}\n\n"
        modules = {"style": "", "model": run}
        if where == "flow":
            return code(load, setting.format(how), **modules).hash
        modules[where] += setting.format(how) + "\n"
        return code(load, "from . import style", **modules).hash

    assert hashed("f4") == hashed("f4") != hashed("f8")


@pytest.mark.parametrize(
    "flow",
    [
        "import logging\nlogging.basicConfig(level={})",
        "import numpy as np\nprint(np.ones({}))",
        "import numpy as np\nONES = np.ones({})",
        "import numpy as np\ndef unused():\n    np.random.seed({})",
        "import pytest\npytest.register_assert_rewrite('m{}')",
    ],
)
def test_what_sets_up_nothing_that_is_used_does_not_count(load, flow):
    model = "import logging\nimport numpy as np\n\ndef run(x):\n    return np, logging\n"

    assert len({code(load, flow.format(n), model=model).hash for n in (1, 2)}) == 1


STARS = {
    "the last of two": ("from .aa import *\nfrom .bb import *\n", "K = 1", "K = 2", "bb"),
    "the first of two": ("from .aa import *\nfrom .bb import *\n", "K = 0", "K = 5", "aa"),
    "one behind an own name": ("K = 3\nfrom .bb import *\n", "K = 1", "K = 2", "bb"),
}


@pytest.mark.parametrize("shape", STARS)
def test_a_name_counts_in_all_that_it_may_come_from(load, shape):
    text, old, new, module = STARS[shape]
    modules = {"aa": "K = 0\n", "bb": "K = 1\n", "model": text + "\ndef run(x):\n    return K\n"}
    other = {**modules, module: modules[module].replace(old, new)}

    assert code(load, **modules).hash != code(load, **other).hash


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("from .aa import *", "from .bb import *"),
        ("K = 3", "from .bb import *"),
        ("from .aa import K", "from .bb import K"),
        ("K = 3", "from .bb import K"),
        ("try:\n    from .aa import K", "except ImportError:\n    from .bb import K"),
    ],
)
def test_the_order_counts_in_which_a_name_is_imported_twice(load, one, other):
    modules = {"aa": "K = 0\n", "bb": "K = 1\n"}
    if one.startswith("try"):  # the words stay where they are
        swapped = one.replace("aa", "bb"), other.replace("bb", "aa")
    else:
        swapped = other, one
    texts = (f"{a}\n{b}\n\ndef run(x):\n    return K\n" for a, b in ((one, other), swapped))

    assert len({code(load, **modules, model=text).hash for text in texts}) == 2


BRANCHES = {
    "an import": "if {test}:\n    from .aa import K\nelse:\n    from .bb import K\n",
    "an import of all": "if {test}:\n    from .aa import *\nelse:\n    from .bb import *\n",
    "an import of a module": "if {test}:\n    from . import aa as m\nelse:\n    from . import bb as m\nK = m.K\n",
    "an import in a case": (
        "match {test}:\n    case True:\n        from .aa import K\n    case _:\n        from .bb import K\n"
    ),
}


@pytest.mark.parametrize("branch", BRANCHES)
@pytest.mark.parametrize("fast", ["FAST = {}", "from .config import FAST"])
def test_what_decides_which_import_is_made_counts(load, branch, fast):
    def hashed(is_fast, test="FAST"):
        text = f"{fast.format(is_fast)}\n{BRANCHES[branch].format(test=test)}\ndef run(x):\n    return K\n"
        modules = {"aa": "K = 0\n", "bb": "K = 1\n", "config": f"FAST = {is_fast}\n"}
        return code(load, model=text, **modules).hash

    assert hashed(True) == hashed(True)
    assert len({hashed(True), hashed(False), hashed(True, test="not FAST")}) == 3


def test_what_is_imported_for_types_beside_a_name_does_not_count(load):
    text = "from typing import TYPE_CHECKING\nif TYPE_CHECKING:\n    from .aa import K{more}\n\n"
    run = "def run(x: 'K'):\n    return x\n"

    one, other = (
        code(load, model=text.format(more=more) + run, aa="K = int\nL = str\n") for more in ("", ", L")
    )
    assert one.hash == other.hash


LATER = {
    "by name": "from . import plugins",
    "with a package": "import {package}.more.plugins",
    "for what it has": "from .plugins import NOTHING",
    "all that it imports": "from . import importing",
    "in a function that another calls": "setup()",
}


@pytest.mark.parametrize("shape", LATER)
def test_what_a_module_changes_counts_that_is_loaded_when_a_function_is_called(load, shape):
    plugins = (
        "from {package}.config import TABLE, register\nNOTHING = 0\n@register\ndef a(x):\n    return {n}\n"
    )

    def of_what_it_registers(n):
        def write(package):
            (package / "more").mkdir()
            (package / "more" / "__init__.py").touch()
            for path in (package / "plugins.py", package / "more" / "plugins.py"):
                path.write_text(plugins.format(package=package.name, n=n))
            statement = LATER[shape].format(package=package.name)
            (package / "model.py").write_text(
                "from .config import TABLE\n\ndef setup():\n    from . import plugins\n\n"
                f"def run(x):\n    first = TABLE.get('a')\n    {statement}\n    return TABLE['a']\n"
            )

        modules = {"config": CONFIG, "importing": "from .plugins import *\n", "flow": FLOW.format(before="")}
        parts = codes_of({"task": load(modules, before=write)})["task"].parts
        return {name: part for name, part in parts.items() if name.endswith("plugins.py:a")}

    assert of_what_it_registers(1) == of_what_it_registers(1) != of_what_it_registers(2)
    assert len(of_what_it_registers(1)) == 1


def test_what_a_module_changes_does_not_count_that_another_task_loads(load):
    def hashed(n):
        modules = {
            "config": CONFIG,
            "plugins": f"from .config import TABLE\nTABLE['a'] = {n}\n",
            "model": "from .config import TABLE\n\ndef run(x):\n    return TABLE\n",
            "flow": FLOW.format(before="")
            + "\ndef other(x):\n    from . import plugins\n    return run(x)\n",
        }
        task = load(modules)
        return codes_of({"other": task.__globals__["other"], "task": task})

    one, two = hashed(1), hashed(2)
    assert one["task"] == two["task"]
    assert one["other"].hash != two["other"].hash


def test_the_order_counts_in_which_functions_register_themselves(load):
    texts = ["@register\ndef a(x):\n    return 1\n\n", "@register\ndef b(x):\n    return 2\n\n"]
    run = "\ndef run(x):\n    return list(T)\n"

    hashes = {code(load, model=REGISTER + "".join(some) + run).hash for some in (texts, texts[::-1])}
    assert len(hashes) == 2
