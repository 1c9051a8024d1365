"""What ``*`` gives to others is decided by ``__all__``, and counts where a name may come from elsewhere too."""

from __future__ import annotations

import pytest

from reflow.graph.code import codes_of

MODEL = "# model\nK = 0\nfrom .config import *\n\ndef run(x):\n    return K\n"
LISTS = {
    "a list": "K, M = 1, 2\n__all__ = ['KM'[NN - 1]]",
    "one that is computed": "K, M = 1, 2\n__all__ = ['K', 'M'][NN - 1:]",
    "one that is added to": "K, M = 1, 2\n__all__ = ['M']\nif NN == 2:\n    __all__.append('K')",
    "one that is joined": "K, M = 1, 2\nADDED = ['K'][:NN - 1]\n__all__ = ['M']\n__all__ += ADDED",
}


@pytest.mark.parametrize("shape", LISTS)
def test_what_a_module_gives_to_others_counts_where_the_name_has_another_value_too(versions, shape):
    values, (one, other) = versions(f"# config\n{LISTS[shape]}\n{MODEL}")

    assert values[0] != values[1]
    assert one.hash != other.hash


@pytest.mark.parametrize(
    ("one", "other"), [("['K', 'M']", "['M']"), ("('K',)", "()"), ("['K']", "['M'] + ['N']")]
)
def test_a_list_that_is_written_down_counts_as_far_as_it_names_what_is_used(load, one, other):
    flow = "from .model import run\n\ndef task(x: int) -> int:\n    return run(x)\n"
    config = "K, M, N = 1, 2, 3\n__all__ = {}\n"
    model = MODEL.partition("\n")[2]

    def found(listed):
        return codes_of({"t": load({"flow": flow, "model": model, "config": config.format(listed)})})[
            "t"
        ].hash

    assert found(one) != found(other)
    assert found("['K', 'M']") == found("['N', 'K']")


def test_a_list_does_not_count_where_the_name_comes_from_there_alone(versions):
    config = "# config\nK, M = 1, 2\n__all__ = ['K', 'M', 'L'][:NN]\n"
    _, (one, other) = versions(config + MODEL.replace("K = 0\n", ""))

    assert one.hash == other.hash
