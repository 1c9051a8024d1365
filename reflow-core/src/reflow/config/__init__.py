"""Settings: what they are called, and where each comes from."""
