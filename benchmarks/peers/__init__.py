"""The same fan-out by others: ``python -m benchmarks.peers``; not in CI, since it installs them."""
