"""Plain JSON, as people write it, to tagged values by a grammar."""

from __future__ import annotations

from typing import Any

from reflow.values.coder import describe_value
from reflow.values.grammar import Grammar, field_grammar, show_grammar
from reflow.values.paths import in_order
from reflow.values.scalars import kind_of, write_scalar
from reflow.values.show import show
from reflow.values.tagged import Tagged, tag_str
from reflow.values.words import NotThis, check_not_larger, read_float, read_word

_SPOKEN = ("bytes", "path", "date", "time", "datetime", "timedelta", "uuid", "decimal", "complex")


def read_json(text: str) -> Any:
    """Return what a JSON text says.

    Raises:
        NotThis: It is no JSON, or a number in it is larger than any float.
    """
    import json

    try:
        return json.loads(text, object_pairs_hook=_each_once, parse_float=read_float)
    except (ValueError, RecursionError) as error:
        raise NotThis(f"it is no JSON ({error})") from error


def _each_once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    _check_once([name for name, _ in pairs])
    return dict(pairs)


def _check_once(names: list[Tagged]) -> None:
    from reflow.values.digests import canonical

    seen: set[str] = set()
    for name in names:
        if (text := canonical(name)) in seen:
            raise NotThis(f"{show(name)} stands in it twice")
        seen.add(text)


def from_json(grammar: Grammar, data: Any) -> Tagged:
    """Return JSON as a tagged value of a type: an object for a dict or record, text for a date or a Path.

    Raises:
        NotThis: It is none of this type.
    """
    if isinstance(grammar, str):
        return _scalar(grammar, data)
    kind, content = next(iter(grammar.items()))
    if kind == "union":
        return _union(grammar, content, data)
    if kind == "literal":
        return _literal(grammar, content, data)
    if kind == "dict":
        return _dict(grammar, content, data)
    if kind in ("record", "typeddict"):
        return _record(grammar, kind, content, data)
    if kind in ("enum", "numpy"):
        if isinstance(data, (str, int, float)):
            return read_named(grammar, str(data))
    elif kind != "adapter" and isinstance(data, list):
        return many(grammar, [from_json(part, item) for part, item in _parts(grammar, data)])
    elif kind == "adapter":
        return {"$adapter": [content, data]}
    raise _unfit(grammar, data)


def many(grammar: Grammar, items: list[Tagged]) -> Tagged:
    """Return the container of a grammar around items."""
    kind = next(iter(grammar))
    if kind in ("list", "sequence", "iterable"):
        return items
    if kind in ("set", "frozenset"):
        return {f"${kind}": in_order(items)}
    return {"$tuple": items}


def read_named(grammar: Grammar, word: str) -> Tagged:
    """Return the member of an Enum, or the scalar of numpy, that a word says.

    Raises:
        NotThis: It says none.
    """
    if "numpy" in grammar:
        return _numpy(grammar["numpy"], word)
    parts = word.split("|") if grammar.get("flag") else [word]
    if not set(parts) <= set(grammar["names"]):
        raise NotThis(f"choose from {', '.join(grammar['names'])}")
    parts = [name for name in grammar["names"] if name in parts]
    return {"$enum": [grammar["enum"], "|".join(parts)]}


def _numpy(name: str, word: str) -> Tagged:
    try:
        import numpy

        from reflow.values.numpy_scalars import tag_numpy

        said = read_word("bool", word) if name in ("bool", "bool_") else word  # to numpy, every text is true
        with numpy.errstate(over="ignore"):  # said here in words
            value = getattr(numpy, name)(said)
        if isinstance(value, numpy.floating):
            check_not_larger(word, value)
        return tag_numpy(value)
    except (ImportError, ValueError, TypeError, OverflowError) as error:
        raise NotThis(str(error)) from error


def _scalar(kind: str, data: Any) -> Tagged:
    if kind == "any":
        return _anything(data)
    if kind == "float" and type(data) in (int, float):
        return read_word(kind, str(data))
    if kind in _SPOKEN and isinstance(data, str):
        return read_word(kind, data)
    if kind == "decimal" and type(data) is int:
        return read_word(kind, str(data))
    if kind == "decimal" and type(data) is float:
        raise NotThis('write a decimal number as text, else it is read as a float: "0.10"')
    if (kind == "none" and data is None) or type(data).__name__ == kind:
        return write_scalar(kind, data)
    raise _unfit(kind, data)


def _anything(data: Any) -> Tagged:
    if isinstance(data, list):
        return [_anything(item) for item in data]
    if isinstance(data, dict):
        return {"$dict": [[key, _anything(value)] for key, value in data.items()]}
    return write_scalar(kind_of(data) or "", data)


def _union(grammar: Grammar, members: list[Grammar], data: Any) -> Tagged:
    for member in sorted(members, key=lambda each: _rank(each, data)):
        try:
            return from_json(member, data)
        except NotThis:
            continue
    raise _unfit(grammar, data)


def _rank(member: Grammar, data: Any) -> int:
    """Order members so that the one whose JSON looks just like this is asked first."""
    if member == type(data).__name__ or (member == "none" and data is None):
        return 0
    return 2 if member in ("any", "str", "float") else 1


def _literal(grammar: Grammar, values: list[Tagged], data: Any) -> Tagged:
    said = tag_str(data) if isinstance(data, str) else data
    for value in values:
        own = value["$enum"][1] if isinstance(value, dict) and "$enum" in value else value
        if type(own) is type(said) and own == said:
            return value
    raise _unfit(grammar, data)


def _dict(grammar: Grammar, content: list[Grammar], data: Any) -> Tagged:
    if not isinstance(data, dict):
        raise _unfit(grammar, data)
    key, value = content
    _check_once([_key(key, name) for name in data])
    return {"$dict": [[_key(key, name), from_json(value, item)] for name, item in data.items()]}


def _key(grammar: Grammar, name: str) -> Tagged:
    if grammar in ("str", "any"):
        return tag_str(name)
    if isinstance(grammar, str):
        return read_word(grammar, name)
    return from_json(grammar, name)


def _record(grammar: Grammar, kind: str, name: str, data: Any) -> Tagged:
    fields = grammar.get("fields")
    if not isinstance(data, dict) or fields is None:
        raise _unfit(grammar, data)
    label = show_grammar(grammar)
    unknown = [field for field in data if field not in fields]
    missing = [field for field, (_, required) in fields.items() if required and field not in data]
    if unknown or missing:
        problem = f"has no field {unknown[0]!r}" if unknown else f"needs {', '.join(missing)}"
        raise NotThis(f"{label} {problem} (it has {', '.join(fields)})")
    given = {
        field: from_json(field_grammar(grammar, field), data[field]) for field in fields if field in data
    }
    return {"$record": [name, given]} if kind == "record" else {"$dict": list(map(list, given.items()))}


def _parts(grammar: Grammar, items: list[Any]) -> list[tuple[Grammar, Any]]:
    kind, content = next(iter(grammar.items()))
    if kind != "tuple":
        return [(content, item) for item in items]
    if len(content) != len(items):
        raise NotThis(f"it takes {len(content)} values, not {len(items)}")
    return list(zip(content, items, strict=True))


def _unfit(grammar: Grammar, data: Any) -> NotThis:
    return NotThis(f"expected {show_grammar(grammar)}, got {describe_value(data)}")
