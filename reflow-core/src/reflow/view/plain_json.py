"""Tagged values as the JSON that other programs expect."""

from __future__ import annotations

from typing import Any

from reflow.values.tagged import tag_of, text_of

_LISTS = ("$tuple", "$set", "$frozenset")
_TEXTS = ("$date", "$time", "$datetime", "$uuid", "$decimal")


def plain_json(tagged: Any) -> Any:
    """Return a tagged value without its tags, where JSON has a word for it.

    A float is a number (NaN and infinities their names), a Path its text, a tuple or set a list, a dict with
    text for keys and a record an object, an Enum its name, a time ISO 8601. What is none of these keeps its tag.
    """
    if isinstance(tagged, list):
        return [plain_json(item) for item in tagged]
    if not isinstance(tagged, dict):
        return tagged
    ((tag, content),) = tagged.items()
    if tag == "$float":
        return content if "n" in content else float(content)
    if tag in _TEXTS:
        return content
    if tag in _LISTS:
        return [plain_json(item) for item in content]
    if tag == "$str":
        return text_of(tagged)
    if tag == "$path":
        return content[0]
    if tag == "$enum":
        return content[1]
    if tag == "$record":
        return {name: plain_json(value) for name, value in content[1].items()}
    if tag == "$dict" and all(tag_of(key) in ("str", "$str") for key, _ in content):
        return {text_of(key): plain_json(value) for key, value in content}
    return tagged
