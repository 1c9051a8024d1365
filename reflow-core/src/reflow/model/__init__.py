"""What everything else talks about: values without behaviour and without I/O."""
