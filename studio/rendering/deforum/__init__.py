"""Deforum: animations in which each frame is made from the one before.

The way of a frame: ``settings`` (the public vocabulary) and ``schedule`` give ``parameters`` (one row a frame);
``animator`` moves the previous image (``motion``, ``cadence``), prepares it (``preparation``), has it diffused and
saves a ``checkpoint``.
"""
