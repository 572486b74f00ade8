"""Steering: what may be changed while an animation is rendered, and how a change becomes part of its frames.

``table`` lists the parameters, ``commands`` says what may be asked for; neither loads a model or a picture.
"""
