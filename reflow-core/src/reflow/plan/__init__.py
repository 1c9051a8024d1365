"""What to run and what to reuse, decided from values alone: no I/O."""
