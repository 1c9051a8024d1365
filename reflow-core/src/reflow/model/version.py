"""The version of reflow, which is also that of its plugin API."""

VERSION = "0.1.0"
