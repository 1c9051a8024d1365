"""The normal form of code is one text, and the same on every Python that runs these tests."""

from __future__ import annotations

import ast

import pytest

from reflow.graph.reading import normal_form

TEXTS = {
    "f'{x!r:>{w}}'": (
        "Expr(value=JoinedStr(values=[FormattedValue(value=Name(id='x'),conversion=114,format_spec=JoinedStr(values="
        "[Constant(value='>'),FormattedValue(value=Name(id='w'),conversion=-1)]))]))"
    ),
    "'a' f'{x}' 'b'": (
        "Expr(value=JoinedStr(values=[Constant(value='a'),FormattedValue(value=Name(id='x'),conversion=-1),"
        "Constant(value='b')]))"
    ),
    "(a, b) = c": "Assign(targets=[Tuple(elts=[Name(id='a'),Name(id='b')])],value=Name(id='c'))",
    "lambda: None": "Expr(value=Lambda(args=arguments(),body=Constant(value=None)))",
    "def f(x: 'int') -> int:\n    y: str = u'\u00e9'": (
        "FunctionDef(name='f',args=arguments(args=[arg(arg='x',annotation=Name(id='int'))]),body=[Assign(targets="
        "[Name(id='y')],value=Constant(value='\\xe9'))],returns=Name(id='int'))"
    ),
    "class C:\n    x: 'int'": (
        "ClassDef(name='C',body=[AnnAssign(target=Name(id='x'),annotation=Name(id='int'),simple=1)])"
    ),
}


def normal(text):
    (statement,) = ast.parse(text).body
    return normal_form(statement)[0]


@pytest.mark.parametrize("text", TEXTS)
def test_a_text_has_this_normal_form_on_any_python(text):
    assert normal(text) == TEXTS[text]


@pytest.mark.parametrize(
    ("one", "other"),
    [("x = 1", "x = 1.0"), ("x = None", "x = 'None'"), ("x = 'a'", "x = b'a'"), ("x = [1]", "x = (1,)"),
     ("f(*a)", "f(a)"), ("x = y", "x == y"), ("x += 1", "x -= 1"), ("{**a}", "{a}"), ("x = 0", "x = False")],
)  # fmt: skip
def test_different_code_has_different_normal_forms(one, other):
    assert normal(one) != normal(other)


@pytest.mark.parametrize("text", TEXTS)
def test_reading_a_statement_leaves_it_as_it_is(text):
    (statement,) = ast.parse(text).body
    before = ast.dump(statement, include_attributes=True)
    normal_form(statement)

    assert ast.dump(statement, include_attributes=True) == before
