"""Shapes of the studio's requests and answers."""
