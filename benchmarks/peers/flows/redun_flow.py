"""A fan-out of no-ops and a gather, by redun, with two threads and its SQLite database."""

import sys

from redun import Scheduler, task
from redun.config import Config

redun_namespace = "bench"


@task()
def no_op(item: int) -> int:
    return item


@task()
def count(results: list[int]) -> int:
    return len(results)


@task()
def main(width: int) -> int:
    return count([no_op(item) for item in range(width)])


if __name__ == "__main__":
    config = Config(
        {
            "backend": {"db_uri": "sqlite:///redun.db"},
            "executors.default": {"type": "local", "max_workers": "2"},
        }
    )
    scheduler = Scheduler(config=config)
    scheduler.load()
    width = int(sys.argv[1])
    assert scheduler.run(main(width)) == width
