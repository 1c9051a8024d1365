"""The files of a run: the only thing that both ends of a job touch."""
