"""Frames in, frames out: torch, diffusers, OpenCV and ffmpeg. This package knows no Django and no database.

The rest of the product hands :func:`studio.rendering.render.render` a frozen :class:`~studio.rendering.plan.RenderPlan`
and a :class:`~studio.rendering.ports.RenderPort`, and gets a :class:`~studio.rendering.ports.RenderResult` back.
"""
