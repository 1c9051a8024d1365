"""What a definition takes from outside, name by name."""

from __future__ import annotations

import ast

import pytest

from reflow.graph.reading import normal_form


def taken(text):
    (statement,) = ast.parse(text).body
    return {".".join(chain) for chain in normal_form(statement)[1].chains}


FUNCTIONS = {
    "return sum([level for level in level])": {"sum", "level"},
    "return [y for x in X for y in x]": {"X"},
    "return [y for x in X for y in Y]": {"X", "Y"},
    "return {k: v for k, v in k.items()}": {"k.items"},
    "return [[z for z in z] for z in Z]": {"Z"},
    "return [n for y in Y if (n := f(y))] or n": {"Y", "f"},
    "return [(n := y) for y in [n for n in Y]], [n for _ in Y]": {"Y"},
    "def inner():\n        global K\n        return K\n    K = 1\n    return inner(), K": {"K"},
    "def inner():\n        return K\n    K = 1\n    return inner(), K": set(),
    "n = 0\n    def inner():\n        nonlocal n\n        n += 1\n        return n\n    return inner": set(),
    "global K\n    K = 1\n    return K": {"K"},
    "return K.query('a > @LOWEST and b < @m.HIGHEST or c == \\'d@e\\'')": {"K.query", "LOWEST", "m"},
    "low = 1\n    return K.eval(f'a > @low + @LOWEST')": {"K.eval", "LOWEST"},
    "return K.where('a > @LOWEST')": {"K.where"},
}  # fmt: skip


@pytest.mark.parametrize("body", FUNCTIONS)
def test_a_function_takes_what_no_scope_of_its_own_binds(body):
    assert taken(f"def f():\n    {body}\n") == FUNCTIONS[body]


@pytest.mark.parametrize(("said", "names"), [("nonlocal", {"n"}), ("global", {"n"})])
def test_a_function_that_is_read_alone_takes_what_it_says_is_of_another(said, names):
    assert taken(f"def inner():\n    {said} n\n    n += 1\n") == names


CLASSES = {
    "K = K": {"K"},
    "K = 1\n    def m(self, x=K): return K": {"K"},
    "K = 1\n    def m(self, x=K): return self": set(),
    "K = 1\n    f = lambda self: K": {"K"},
    "K = 1\n    ks = [x for x in K]": set(),
    "K = 1\n    ks = [K for x in X]": {"K", "X"},
    "K = 1\n    class In:\n        n = K": {"K"},
    "def m(self):\n        global K\n        return K\n    K = 1": {"K"},
}


@pytest.mark.parametrize("body", CLASSES)
def test_what_a_class_binds_is_seen_in_its_body_alone(body):
    assert taken(f"class C:\n    {body}\n") == CLASSES[body]


ANNOTATIONS = {
    'Optional["Config"]': {"Optional", "Config"},
    'dict[str, list["m.Config"]]': {"dict", "str", "list", "m.Config"},
    '"Config" | None': {"Config"},
    "\"list['Config']\"": {"list", "Config"},
    'Callable[["Config"], int]': {"Callable", "Config", "int"},
    'Literal["Config"]': {"Literal"},
    'list[Literal["Config"]]': {"list", "Literal"},
    'Annotated["Config", Param(help="a number")]': {"Config"},
    'list[Annotated["Config", Param(help="a number")]]': {"list", "Config"},
    'Annotated["Config", Above(LOWEST)]': {"Annotated", "Config", "Above", "LOWEST"},
    'Annotated["Config", Param(help="a number"), Above(LOWEST)]': {"Annotated", "Config", "Above", "LOWEST"},
}


@pytest.mark.parametrize("annotation", ANNOTATIONS)
def test_a_quoted_name_is_taken_wherever_it_stands_in_an_annotation(annotation):
    assert taken(f"def f(x: {annotation}): pass") == ANNOTATIONS[annotation]
    assert taken(f"def f() -> {annotation}: pass") == ANNOTATIONS[annotation]


FIELDS = {
    'Optional["Config"]': {"Optional", "Config"},
    'Annotated["Config", "in mm"]': {"Annotated", "Config"},
}


@pytest.mark.parametrize("field", FIELDS)
def test_a_quoted_name_is_taken_wherever_it_stands_in_a_field(field):
    assert taken(f"class C:\n    x: {field}\n") == FIELDS[field]


def normal(text):
    (statement,) = ast.parse(text).body
    return normal_form(statement)[0]


ALIASES = ["X = Annotated[{}, {}]", "X: TypeAlias = Annotated[{}, {}]", "XS = list[Annotated[{}, {}]]"]


@pytest.mark.parametrize("alias", ALIASES)
def test_what_reflow_reads_in_an_alias_is_no_code(alias):
    plain = normal(alias.format("int", 'Param(help="a")'))

    assert normal(alias.format("int", 'reflow.Param(help="b"), RunDir')) == plain
    assert normal(alias.format("str", 'Param(help="a")')) != plain


def test_what_others_read_in_an_alias_is_code():
    assert normal("X = Annotated[int, Field(gt=0)]") != normal("X = Annotated[int, Field(gt=1)]")


@pytest.mark.parametrize(
    "text", ["def f(x: {}): pass", "def f() -> {}: pass", "X = {}", "class C:\n    def m(self, x: {}): pass"]
)
def test_what_others_read_in_an_annotation_is_code_beside_what_reflow_reads(text):
    plain = normal(text.format("Annotated[int, Param(help='a'), Above(1)]"))

    assert normal(text.format("Annotated[int, Above(1), Param(help='b')]")) == plain
    assert normal(text.format("Annotated[int, Param(help='a'), Above(2)]")) != plain
