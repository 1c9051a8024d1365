"""Lists, tuples, sets and dicts as tagged JSON and back."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sized
from typing import Any

from reflow.values.coder import Coder, Misfit, TooDeep, expected, unexpected
from reflow.values.paths import in_order
from reflow.values.tagged import MAX_DEPTH, Tagged, are_short, is_unicode

_WHOLE_NUMBERS = {int, bool}


def encode_items(coder: Coder, items: Any, depth: int) -> list[Tagged]:
    """Return the tagged values of items, one container further in.

    Raises:
        Misfit: One does not fit, or there are too many containers around it.
    """
    if depth >= MAX_DEPTH:
        raise TooDeep
    if type(items) in (list, tuple):
        kinds = set(map(type, items))
        if kinds <= coder.plain and _stand_as_they_are(kinds, items):
            return list(items)
    encode = coder.encode
    done: list[Tagged] = []
    try:
        for item in items:
            done.append(encode(item, depth + 1))
    except Misfit as misfit:
        raise misfit.below(f"[{len(done)}]") from misfit.__cause__
    return done


def _stand_as_they_are(kinds: set[type], items: Any) -> bool:
    if int in kinds:
        return kinds <= _WHOLE_NUMBERS and are_short(items)
    return str not in kinds or (len(kinds) == 1 and is_unicode("".join(items)))


def decode_items(coder: Coder, nodes: Any, widen: bool) -> list[Any]:
    """Return the values of tagged items, in a list of its own."""
    if type(nodes) is not list:
        raise Misfit(f"damaged value: {nodes!r} is no list of items")
    if set(map(type, nodes)) <= coder.plain:
        return nodes.copy()
    decode = coder.decode
    done: list[Any] = []
    try:
        for node in nodes:
            done.append(decode(node, widen))
    except Misfit as misfit:
        raise misfit.below(f"[{len(done)}]") from misfit.__cause__
    return done


def list_coder(item: Coder, label: str) -> Coder:
    """Return the coder of ``list[T]``; decoding widens a tuple to a list."""

    def encode(value: Any, depth: int) -> Tagged:
        if type(value) is not list:
            raise expected(label, value, _hint(value, list))
        return encode_items(item, value, depth)

    def decode(node: Tagged, widen: bool) -> object:
        if type(node) is not list:
            if widen and type(node) is dict and "$tuple" in node:
                return decode_items(item, node["$tuple"], widen)
            raise unexpected(label, node)
        return decode_items(item, node, widen)

    return Coder(encode, decode, frozenset({list}), frozenset({"list"}))


def tuple_coder(item: Coder, label: str) -> Coder:
    """Return the coder of ``tuple[T, ...]``; decoding widens a list to a tuple."""

    def encode(value: Any, depth: int) -> Tagged:
        if type(value) is not tuple:
            raise expected(label, value, _hint(value, tuple))
        return {"$tuple": encode_items(item, value, depth)}

    def decode(node: Tagged, widen: bool) -> object:
        if type(node) is dict and "$tuple" in node:
            return tuple(decode_items(item, node["$tuple"], widen))
        if widen and type(node) is list:
            return tuple(decode_items(item, node, widen))
        raise unexpected(label, node)

    return Coder(encode, decode, frozenset({tuple}), frozenset({"$tuple"}))


def fixed_tuple_coder(items: tuple[Coder, ...], label: str) -> Coder:
    """Return the coder of ``tuple[A, B]``."""

    def encode(value: Any, depth: int) -> Tagged:
        if type(value) is not tuple or len(value) != len(items):
            raise expected(label, value, _hint(value, tuple))
        if depth >= MAX_DEPTH:
            raise TooDeep
        return {"$tuple": _each(value, lambda i, part: items[i].encode(part, depth + 1))}

    def decode(node: Tagged, widen: bool) -> object:
        parts = node.get("$tuple") if type(node) is dict else None
        if type(parts) is not list or len(parts) != len(items):
            raise unexpected(label, node)
        return tuple(_each(parts, lambda i, part: items[i].decode(part, widen)))

    return Coder(encode, decode, frozenset({tuple}), frozenset({"$tuple"}))


def set_coder(kind: str, item: Coder, label: str) -> Coder:
    """Return the coder of ``set[T]`` or ``frozenset[T]``."""
    cls: type = set if kind == "set" else frozenset
    tag = f"${kind}"

    def encode(value: Any, depth: int) -> Tagged:
        if type(value) is not cls:
            raise expected(label, value, _hint(value, cls))
        return {tag: in_order(encode_items(item, value, depth))}

    def decode(node: Tagged, widen: bool) -> object:
        if type(node) is not dict or tag not in node:
            raise unexpected(label, node)
        return _all_of(cls(decode_items(item, node[tag], widen)), node[tag], label)

    return Coder(encode, decode, frozenset({cls}), frozenset({tag}))


def _all_of(found: Sized, nodes: Sized, label: str) -> Any:
    """Return a set or a dict that was decoded, unless items of it became one: large ints may be the same float."""
    if len(found) < len(nodes):
        what = f"{len(nodes)} different items would be {len(found)} in {label}"
        raise Misfit(
            f"{what}, since ints above 2**53 can be the same float; ask for the type that was returned"
        )
    return found


def many_coder(kind: str, item: Coder, label: str) -> Coder:
    """Return the coder of ``Sequence[T]`` (a list or tuple) or ``Iterable[T]`` (whatever can be listed).

    A list or tuple stays one; a set becomes a sorted list, any other iterable a list.
    """

    def encode(value: Any, depth: int) -> Tagged:
        if type(value) is list:
            return encode_items(item, value, depth)
        if type(value) is tuple:
            return {"$tuple": encode_items(item, value, depth)}
        if (kind == "sequence" and type(value) is not range) or isinstance(value, (str, bytes, dict)):
            raise expected(label, value, "; return a list" if hasattr(value, "__iter__") else "")
        if not hasattr(value, "__iter__"):
            raise expected(label, value)
        listed = encode_items(item, value, depth)
        return in_order(listed) if isinstance(value, (set, frozenset)) else listed

    def decode(node: Tagged, widen: bool) -> object:
        if type(node) is list:
            return decode_items(item, node, widen)
        if type(node) is dict:
            for tag, cls in _MANY.items():
                if tag in node and (tag == "$tuple" or kind == "iterable"):
                    found = cls(decode_items(item, node[tag], widen))
                    return _all_of(found, node[tag], label)
        raise unexpected(label, node)

    return Coder(encode, decode, frozenset({list, tuple}), frozenset({"list", "$tuple"}))


def dict_coder(key: Coder, value: Coder, label: str) -> Coder:
    """Return the coder of ``dict[K, V]``, whose order is kept."""

    def encode(given: Any, depth: int) -> Tagged:
        if type(given) is not dict:
            raise expected(label, given, _hint(given, dict))
        keys = encode_items(key, given, depth)
        values = _keyed(given, lambda name: value.encode(given[name], depth + 1))
        return {"$dict": list(map(list, zip(keys, values, strict=True)))}

    def decode(node: Tagged, widen: bool) -> object:
        if type(node) is not dict or "$dict" not in node:
            raise unexpected(label, node)
        keys = decode_items(key, [name for name, _ in node["$dict"]], widen)
        pairs = _all_of(dict(zip(keys, (part for _, part in node["$dict"]), strict=True)), keys, label)
        return dict(zip(pairs, _keyed(pairs, lambda name: value.decode(pairs[name], widen)), strict=True))

    return Coder(encode, decode, frozenset({dict}), frozenset({"$dict"}))


_MANY: dict[str, type] = {"$tuple": tuple, "$set": set, "$frozenset": frozenset}


def _each(parts: Any, convert: Callable[[int, Any], Any]) -> list[Any]:
    done: list[Any] = []
    try:
        for part in parts:
            done.append(convert(len(done), part))
    except Misfit as misfit:
        raise misfit.below(f"[{len(done)}]") from misfit.__cause__
    return done


def _keyed(names: Iterable[Any], convert: Callable[[Any], Any]) -> list[Any]:
    done: list[Any] = []
    name: Any = None
    try:
        for name in names:
            done.append(convert(name))
    except Misfit as misfit:
        raise misfit.below(f"[{_short_repr(name)}]") from misfit.__cause__
    return done


def _short_repr(name: Any) -> str:
    try:
        return repr(name)[:60]
    except Exception:  # a repr of the user's own may do anything
        return ".."


def _hint(value: object, cls: type) -> str:
    if isinstance(value, cls) and type(value) is not cls:
        return f"; a subclass is not kept as it is, return {cls.__name__}(...)"
    return ""
