"""Every row of the table of wiring, by a run: what the downstream task was given."""

from __future__ import annotations

import pytest

ROWS = {
    # job to job
    "direct": "w",
    "direct_list": ["a", "b", "c"],
    "direct_none": "None",
    "direct_pair": "('p', 1)",
    "direct_widened": "7.0",
    "direct_literal": "icon",
    "direct_optional": "'w'",
    "direct_union": "'w'",
    "by_function": "w",
    # job to array
    "fanned_out": ["<a>", "<b>", "<c>"],
    "fanned_out_lists": ["a", "b+c"],
    "fanned_out_sequence": ["s", "t"],
    "fanned_out_generator": ["g", "h"],
    "fanned_out_tuple": ["t", "u"],
    "fanned_out_widened": ["1.0", "2.0"],
    "fanned_out_bools": ["True", "False"],
    "fanned_out_any": ["'x'", "1"],
    "fanned_out_records": ["Station(name='a', height=1.5)", "Station(name='b', height=2.0)"],
    "fanned_out_paths": ["x.txt", "y.txt"],
    "broadcast_list": ["1['a', 'b', 'c']", "2['a', 'b', 'c']"],
    "broadcast_value": ["1w", "2w"],
    "broadcast_forced": ["1['a', 'b', 'c']", "2['a', 'b', 'c']"],
    # array to job
    "gathered": ["A", "B", "C"],
    "gathered_tuple": "('A', 'B', 'C')",
    "gathered_lists": [["a", "aa"], ["b", "bb"], ["c", "cc"]],
    "gathered_flat": ["a", "aa", "b", "bb", "c", "cc"],
    "gathered_flat_ragged": [0],
    # array to array
    "broadcast_array": ["1['A', 'B', 'C']", "2['A', 'B', 'C']"],
    "chained": ["<A>", "<B>", "<C>"],
    "chained_lists": ["a+aa", "b+bb", "c+cc"],
    "flattened": ["<a>", "<aa>", "<b>", "<bb>", "<c>", "<cc>"],
    "flattened_ragged": [0],
    # several steps, in the order of `steps`
    "several": ["a", "b", "c", "A", "B", "C", "w"],
    "several_backwards": ["w", "A", "B", "C", "a", "b", "c"],
    "several_arrays_of_lists": [["a", "aa"], ["b", "bb"], ["c", "cc"], ["a"], ["b", "c"]],
    "several_fanned_out": ["<a>", "<b>", "<c>", "<A>", "<B>", "<C>", "<w>"],
    "several_broadcast": ["1['a', 'b', 'c', 'w']", "2['a', 'b', 'c', 'w']"],
    # zip, after, include
    "zipped": ["aA['a', 'aa']", "bB['b', 'bb']", "cC['c', 'cc']"],
    "afterwards": True,
    "array_afterwards": [True, True],
    "summed": "icon0!+icon1! w",
    "era_summed": "era50!+era51! w",
    "ico_summed": "icon0!+icon1!+icon2! w",
    "merged": ["era50!", "era51!", "icon0!", "icon1!", "icon2!"],
}


@pytest.fixture(scope="module")
def seen(shared_lab, flows):
    return shared_lab.submit(flows("wiring_rows").wf, model="icon")


@pytest.mark.parametrize("task", ROWS)
def test_a_downstream_task_is_given_what_the_table_says(seen, task):
    assert seen.result(task) == ROWS[task]


def test_every_row_succeeds(seen):
    assert seen.state == "succeeded"
    assert seen.errors == {}
    assert [n for n, t in seen.run.status(as_dict=True)["tasks"].items() if t["state"] != "succeeded"] == []


def test_no_downstream_task_of_the_flow_is_left_out_of_the_table(seen, flows):
    tasks = flows("wiring_rows").wf.tasks
    consumers = {n for n, spec in tasks.items() if any(p.name == "got" for p in spec.parameters)}

    assert consumers <= set(ROWS)


def test_an_included_flow_takes_its_bound_values_and_asks_for_the_others(flows):
    parameters = flows("wiring_rows").wf.describe()["parameters"]

    assert {found["key"]: list(found["tasks"]) for found in parameters} == {
        "model": ["sources"],
        "count": ["sources", "era_sources"],
    }
