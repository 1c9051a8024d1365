"""How a run moves: made, advanced, looked at, cancelled and retried."""
