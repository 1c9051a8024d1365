"""Reflow's own verifiers: a plugin each, written as anybody's."""
