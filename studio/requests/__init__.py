"""What a render may be asked for: the one type that every door parses, and the one table that says what it may hold.

``kinds`` are the kinds of values, ``types`` is the table itself (``Vid2VidRequest``, ``DeforumRequest``), ``fields``
makes framework fields of it and ``parsing`` requests. ``names`` translates to the renderer's words, ``templates`` is
what effects are told of it. Nothing here looks into the database.
"""
