"""What the contract classes have in common."""

from __future__ import annotations


class Contract:
    """Promises of one kind of plugin, a test each; a subclass with the fixtures that it names runs them all.

    A promise cannot be switched off in silence: overriding its test without ``xfail(reason=...)`` raises
    ``TypeError`` when the class is made.
    """

    def __init_subclass__(cls, **options: object) -> None:
        super().__init_subclass__(**options)
        if cls.__module__.startswith("reflow.testing."):
            return
        for name, test in vars(cls).items():
            promised = name.startswith("test_") and any(name in vars(above) for above in cls.__mro__[1:])
            if promised and not any(_is_excuse(mark) for mark in getattr(test, "pytestmark", ())):
                raise TypeError(
                    f"{cls.__name__}.{name} overrides a promise of the contract; "
                    'mark it @pytest.mark.xfail(reason="...") or leave it as it is'
                )


def _is_excuse(mark: object) -> bool:
    return getattr(mark, "name", "") == "xfail" and bool(getattr(mark, "kwargs", {}).get("reason"))
