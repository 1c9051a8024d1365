"""A command that is suggested can be pasted: it is one of the program that has it, and means the same run."""

from argparse import Namespace

import pytest

from reflow.cli.call import Call


@pytest.mark.parametrize(
    ("command", "typed"),
    [
        ("retry", "python flow.py retry x --run-dir 'my runs'"),
        ("submit", "python flow.py submit x --run-dir 'my runs'"),
        ("advance", "reflow advance x --run-dir 'my runs'"),
    ],
)
def test_a_command_is_typed_to_the_program_that_has_it(command, typed):
    call = Call("python flow.py", "status", None, Namespace(run_dir="my runs"))

    assert call.typed(command, run="x") == typed


def test_a_command_is_typed_with_the_profile_that_led_to_the_run():
    submit = Call("python flow.py", "submit", None, Namespace(run_dir=None, store=None, profile="big"))

    assert submit.typed("status", run="x") == "python flow.py status x --profile big"
