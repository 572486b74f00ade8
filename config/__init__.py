VERSION = "1.1.0.dev0"
"""Of the whole studio; CHANGELOG.md says what is in it."""
