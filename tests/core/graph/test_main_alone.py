"""What is set where a file is run, and not where it is imported, is no value that workers see: that is told."""

from __future__ import annotations

import pytest


@pytest.mark.parametrize(
    "statement",
    [
        "if __name__ == '__main__':\n    T = NN",
        "if '__main__' == __name__:\n    D['a'] = NN",
        "if __name__ != '__main__':\n    pass\nelse:\n    D.update(a=NN)",
        "def setup():\n    D['a'] = NN\nif __name__ == '__main__':\n    setup()",
        "T = 5 if __name__ == '__main__' else 0",
    ],
)
def test_what_only_who_runs_a_file_sets_is_told(versions, statement):
    _, codes = versions(f"# model\nT, D = 0, {{}}\n{statement}\n\ndef run(x):\n    return T, D\n")

    for code in codes:
        (told,) = code.unresolved
        assert told.endswith("asks for __name__, which is another one on workers")
        assert " in model.py:" in told


@pytest.mark.parametrize(
    "statement",
    [
        "import logging\nD = logging.getLogger(__name__)",
        "if __name__ == '__main__':\n    print(D)",
        "def f():\n    return __name__ == 'a'",
    ],
)
def test_a_name_that_changes_nothing_is_not_told(versions, statement):
    _, (code, _) = versions(f"# model\nT, D = 0, {{}}\n{statement}\n\ndef run(x):\n    return T, D\n")

    assert code.unresolved == ()
