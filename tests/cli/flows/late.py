"""A task that imports a module of the project only when it is called."""

from reflow import Workflow

wf = Workflow("late")


@wf.job
def brings() -> int:
    import late_helper

    return late_helper.NUMBER


if __name__ == "__main__":
    raise SystemExit(wf.cli())
