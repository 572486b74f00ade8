"""Models, presets, and the pictures of effects."""
