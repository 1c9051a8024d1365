"""What a flow author writes: markers, signatures, tasks and flows. Pure."""
