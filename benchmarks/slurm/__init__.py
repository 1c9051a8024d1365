"""The same on a private Slurm cluster: ``python -m benchmarks.slurm``; not in CI, since it installs a peer."""
