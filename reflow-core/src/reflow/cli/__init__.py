"""The command line: a parser from the manifest, and a module for each command."""
