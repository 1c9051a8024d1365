"""The checked workflow: how tasks are wired, and the manifest that says so. Pure."""
