"""The same no-ops by multiprocessing, which records nothing: what Pool1 measures."""

import sys
from multiprocessing import Pool


def no_op(item: int) -> int:
    return item


if __name__ == "__main__":
    width = int(sys.argv[1])
    with Pool(2) as pool:
        assert len(pool.map(no_op, range(width), chunksize=1)) == width
