"""What everything else talks about: values without behaviour and without I/O."""

VERSION = "0.1.0"  #: of reflow, and of its plugin API
