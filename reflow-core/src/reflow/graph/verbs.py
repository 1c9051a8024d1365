"""What the names of functions and methods tell of what they do, where nobody can look into them."""

from __future__ import annotations

SETTING = ("setattr", "delattr")
TAKING = frozenset(
    "setattr delattr setitem delitem pop popitem popleft setdefault next heappop heappushpop heapreplace heappush "
    "shuffle".split()
)  #: functions and methods that change a thing though their result is used
DRAWING = frozenset(
    "random normal standard_normal uniform integers randint randrange choice choices sample permutation gauss "
    "exponential poisson bytes spawn".split()
)  #: functions and methods of generators of random numbers, which change with each
TAKING_METHODS = TAKING | DRAWING.union(
    "append appendleft extend extendleft insert add discard remove update clear sort reverse rotate set reset "
    "send".split()
)  #: methods that change a thing though their result is used
PUTTING = frozenset(
    ("append", "appendleft", "extend", "insert", "add", "update")
)  #: these keep what they are given
KINDS = (
    "list",
    "dict",
    "set",
    "bytearray",
)  #: classes whose methods are given what they change: ``list.append(T, x)``
HARMLESS = ("print",)
HOLDING = frozenset(
    "dict enumerate iter list reversed sorted tuple zip cycle chain memoryview MappingProxyType "
    "asarray asanyarray ascontiguousarray atleast_1d atleast_2d".split()
)  #: what they return keeps what they are given
SETTING_UP = (
    "set",
    "seed",
    "manual_seed",
    "use",
    "register",
    "init",
    "enable",
    "disable",
    "config",
)  #: how names of functions begin that are called for what they do, though their result gets a name
NAMESPACES = ("globals", "vars", "locals")
IMPORTING = ("import_module", "__import__")
RUNNING = ("exec", "eval")
