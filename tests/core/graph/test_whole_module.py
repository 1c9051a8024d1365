"""What reaches all names of a module at once counts with each of them, and what nobody can follow is told as well."""

from __future__ import annotations

import pytest

OWN = {
    "globals()['T'] = NN": "globals",
    "globals().update(T=NN)": "globals",
    "for k in ('T',):\n    globals()[k] = NN": "globals",
    "locals()['T'] = NN": "locals",
    "vars()['T'] = NN": "",
    "def setup(n):\n    globals()['T'] = n\nsetup(NN)": "globals",
    "def put(names, n):\n    names['T'] = n\nput(globals(), NN)": "globals",
    "sys.modules[__name__].T = NN": "sys.modules",
    "setattr(sys.modules[__name__], 'T', NN)": "sys.modules",
    "this = sys.modules[__name__]\nthis.T = NN": "sys.modules",
    "sys.modules.get(__name__).T = NN": "sys.modules.get",
    "exec('T = NN')": "exec",
    "eval('L.append(NN)')": "eval",
    "ONE = eval('L.append(NN)')": "eval",
    "def run_it(text):\n    exec(text)\nrun_it('L.append(NN)')": "exec",
    "class C:\n    exec('L.append(NN)')": "exec",
}
MODEL = "# model\nimport sys\nT, L = 0, []\n{}\n\ndef run(x):\n    return T, L\n"


@pytest.mark.parametrize("statement", OWN)
def test_what_a_module_sets_by_its_own_names_counts(versions, statement):
    values, (one, other) = versions(MODEL.format(statement))

    assert values[0] != values[1]
    assert one.hash != other.hash
    assert {told.rpartition(" ")[2] for told in one.unresolved} == ({OWN[statement]} - {""})


ABROAD = [
    "import sys\nfrom . import config\nsys.modules[config.__name__].T = NN",
    "import importlib\nc = importlib.import_module('.config', __package__)\nc.T = NN",
    "from importlib import import_module\nimport_module('.config', __package__).T = NN",
    "import importlib\ndef setup(n):\n    importlib.import_module('.config', __package__).T = n\nsetup(NN)",
    "from . import config\nconfig.__dict__['T'] = NN",
    "from . import config\nvars(config)['T'] = NN",
    "from .config import __dict__ as names\nnames['T'] = NN",
    "from . import config\nexec('T = NN', vars(config))",
    "from .config import put\nput('T', NN)",
    "from . import config\ngetattr(config, 'L').append(NN)",
    "from .config import kept\nkept(NN)",
]
CONFIG = """
# config
T, L = 0, []

def put(name, n):
    globals()[name] = n

def kept(n=0, so_far=[]):
    so_far.append(n)
    return so_far
# other
{}
# model
from . import config

def run(x):
    return config.T, config.L, config.kept()
"""


@pytest.mark.parametrize("statement", ABROAD)
def test_what_another_module_sets_by_names_counts(versions, statement):
    values, (one, other) = versions(CONFIG.format(statement))

    assert values[0] != values[1]
    assert one.hash != other.hash


def test_what_text_takes_that_is_run_is_told(versions):
    text = "# model\nT = 0\n\ndef first():\n    return NN\nexec('T = first()')\n\ndef run(x):\n    return T\n"
    values, (one, other) = versions(text)

    assert values[0] != values[1]
    assert one.unresolved == other.unresolved == ("run in model.py:5 calls exec",)


@pytest.mark.parametrize(
    "statement",
    [
        "SAID = '{T} {n}'.format(n=NN, **globals())",
        "NAMES = [*vars()][:NN]",
        "K = sys.modules[__name__].T + NN",
    ],
)
def test_what_only_looks_at_names_does_not_count(versions, statement):
    _, (one, other) = versions(MODEL.format(statement))

    assert one.hash == other.hash
