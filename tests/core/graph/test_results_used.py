"""What a call changes whose result is used as well counts where its name tells so."""

from __future__ import annotations

import pytest

PROJECT = """
# config
import random
from contextvars import ContextVar
import numpy as np
import pandas as pd
T = [1, 2, 3]
D = {}
A = np.zeros(4)
R = np.random.default_rng(1)
O = random.Random(1)
V = ContextVar("V", default=0)
F = pd.DataFrame({"a": [1], "b": [2], "c": [3]})
# other
import operator, random
from .config import A, D, F, O, R, T, V
import numpy as np
%s
# model
from .config import A, D, F, O, R, T, V

def run(x):
    return T, D, A.tolist(), R.random(), O.random(), V.get(), [*F.columns]
"""


@pytest.mark.filterwarnings("ignore:The inplace keyword")
@pytest.mark.parametrize(
    "statement",
    [
        "X = T.append(NN)",
        "X = T.remove(NN) or 5",
        "X = T.sort(reverse=NN == 2)",
        "X = [random.Random(NN * 3).shuffle(T)]",
        "X = operator.setitem(D, 'a', NN)",
        "X = np.add(A, NN, out=A)",
        "X = np.asarray(A)\nX[0] = NN",
        "X = R.normal(size=NN)",
        "X = [O.random() for _ in range(NN)]",
        "X = V.set(NN)",
        "X = F.drop(columns=['a', 'b'][:NN], inplace=True)",
    ],
)
def test_what_is_changed_by_a_call_whose_result_is_used_counts(versions, statement):
    values, (one, other) = versions(PROJECT % statement)

    assert values[0] != values[1]
    assert one.hash != other.hash


@pytest.mark.parametrize(
    "statement",
    ["X = set(T), NN", "X = [*T][:NN]", "X = F.drop(columns=['a', 'b'][:NN])", "X = np.add(A, NN)"],
)
def test_what_is_only_made_of_a_global_does_not_count(versions, statement):
    _, (one, other) = versions(PROJECT % statement)

    assert one.hash == other.hash
