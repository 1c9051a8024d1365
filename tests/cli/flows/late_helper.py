"""What is imported late."""

NUMBER = 1
