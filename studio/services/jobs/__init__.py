"""Renders: queued, claimed, rendered, paid, told of."""
