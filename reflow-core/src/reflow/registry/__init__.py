"""Finding plugins and loading the one that is asked for."""
