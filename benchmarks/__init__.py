"""How fast reflow is, as ratios to what Python itself takes: ``python -m benchmarks`` prints the table."""
