"""Our own scripts and styles, whole: WhiteNoise reads ranges by rules of its own (a single byte is a 416 to it)."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponseBase
from django.utils.cache import get_conditional_response
from whitenoise.middleware import WhiteNoiseMiddleware


class StaticFilesMiddleware(WhiteNoiseMiddleware):
    @staticmethod
    def serve(static_file: object, request: HttpRequest) -> HttpResponseBase:
        request.META.pop("HTTP_RANGE", None)
        response = WhiteNoiseMiddleware.serve(static_file, request)
        answer = get_conditional_response(request, response.get("ETag"), response=response) or response
        if answer is not response:
            response.close()
        return answer
