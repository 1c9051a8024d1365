"""``store info``: how much there is of what."""

from __future__ import annotations

import contextlib

from reflow.cli.call import Call


def info(call: Call) -> int:
    """Print the figures of the store."""
    from reflow.compose.backends import make_store
    from reflow.run.clock import iso
    from reflow.view.words import size_text

    store, _ = make_store(call.settings)
    with contextlib.closing(store.open_results()) as results:
        found = results.figures()
    made = [None if moment is None else iso(moment) for moment in (found.oldest, found.newest)]
    if call.options.json:
        facts = found._asdict() | {"address": store.address, "oldest": made[0], "newest": made[1]}
        del facts["place"]
        call.facts(facts)
        return 0
    from reflow.view.table import table

    rows = [
        ("address", store.address),
        ("size", size_text(found.size)),
        ("format", str(found.schema)),
        ("results", f"{found.results} of {found.tasks} tasks, {found.stale} of them stale"),
        ("made", "-" if made[0] is None else f"{made[0]} to {made[1]}"),
        ("runs", str(found.runs)),
    ]
    for line in table(rows):
        call.say(line)
    return 0
