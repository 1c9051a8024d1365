"""The process that calls user code: one instance after another, whatever they do."""
