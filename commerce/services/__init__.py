"""The verbs of commerce."""
