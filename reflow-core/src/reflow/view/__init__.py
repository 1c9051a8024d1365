"""What a person sees: text, tables and HTML from plain facts. No I/O."""
