"""What a plugin promises, in docstrings; ``reflow.testing`` has a suite for each contract."""
