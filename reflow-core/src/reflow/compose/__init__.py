"""The one place that picks plugins and finds runs, from settings."""
