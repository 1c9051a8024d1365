"""What a module sets of Python's own modules, or of installed ones, counts for those who use them."""

from __future__ import annotations

import builtins
import math

import numpy as np
import pytest


@pytest.fixture(autouse=True)
def as_before():
    """Put back what the projects set."""
    kept = [
        (one, name, getattr(one, name)) for one, name in ((builtins, "oct"), (math, "pi"), (np, "median"))
    ]
    yield
    for one, name, value in kept:
        setattr(one, name, value)
    vars(builtins).pop("LIMIT", None)
    np.seterr(over="warn")
    np.random.seed()


BODIES = {
    "oct(x)": [
        "import builtins\nbuiltins.oct = lambda x: NN",
        "import builtins as b\nb.oct = lambda x: NN",
        "import builtins\nsetattr(builtins, 'oct', lambda x: NN)",
        "import builtins\ndef setup(n):\n    builtins.oct = lambda x: n\nsetup(NN)",
        "__builtins__['oct'] = lambda x: NN",
    ],
    "LIMIT": ["import builtins\nbuiltins.LIMIT = NN"],
    "math.pi": [
        "import math\nmath.pi = NN",
        "import math\nif True:\n    math.pi = NN",
        "import math\nsetattr(math, 'pi', NN)",
    ],
    "np.median([x])": [
        "import numpy\nnumpy.median = lambda x: NN",
        "import numpy\nsetattr(numpy, 'median', lambda x: NN)",
    ],
    "np.geterr()['over']": [
        "import numpy\nif True:\n    numpy.seterr(over=['ignore', 'raise'][NN - 1])",
        "import numpy\nOLD = numpy.seterr(over=['ignore', 'raise'][NN - 1])",
        "import numpy\nfor how in ['ignore', 'raise'][:NN]:\n    numpy.seterr(over=how)",
    ],
    "np.random.rand()": ["from numpy import random\n_ = random.seed(NN)"],
}


@pytest.mark.parametrize(
    ("body", "statement"), [(body, one) for body, them in BODIES.items() for one in them]
)
def test_what_is_set_of_a_module_that_is_not_of_the_project_counts(versions, body, statement):
    model = f"import math\nimport numpy as np\n\ndef run(x):\n    return {body}\n"
    values, (one, other) = versions(f"# other\n{statement}\n# model\n{model}")

    assert values[0] != values[1]
    assert one.hash != other.hash


@pytest.mark.parametrize(
    "statement",
    [
        "import math\nPI = math.pi * NN",
        "import builtins\nONE = builtins.oct(NN)",
        "import math\nmath.floor(NN)",
    ],
)
def test_what_is_looked_at_of_a_module_does_not_count(versions, statement):
    model = "import math\n\ndef run(x):\n    return math.pi, oct(x)\n"
    _, (one, other) = versions(f"# other\n{statement}\n# model\n{model}")

    assert one.hash == other.hash
