"""The verbs of the studio."""
