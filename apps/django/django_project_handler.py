"""Makes a WSGI app of a Django project's URLs, once in a process: settings can be set but once."""

from collections.abc import Callable, Iterable

from django.conf import settings
from django.core.handlers.wsgi import WSGIRequest
from django.core.wsgi import get_wsgi_application
from django_project_settings import SETTINGS

import origin_wsgi
from origin_wsgi import Environ

WsgiApp = Callable[[Environ, object], Iterable[bytes]]


class Utf8Request(WSGIRequest):  # type: ignore[misc]  # Django ships no types
    """Reads the query as UTF-8, whatever charset the body's content type names.

    Left to itself Django decodes the query by that charset, under WSGI only, and `charset=base64` is a 500.
    """

    @property
    def encoding(self) -> str | None:
        """Name no charset but the default."""
        return None

    @encoding.setter
    def encoding(self, charset: str | None) -> None:
        pass


def wsgi_app(urls: str) -> WsgiApp:
    """Return the app whose URLs are in the module `urls`."""
    settings.configure(**SETTINGS, ROOT_URLCONF=urls)
    django = get_wsgi_application()
    django.request_class = Utf8Request

    def app(environ: Environ, start_response: object) -> Iterable[bytes]:
        """Hand the request to Django, with broken UTF-8 in its path replaced.

        Left to itself Django percent-encodes the broken bytes again, under WSGI only: the interfaces would differ.
        """
        if not environ["PATH_INFO"].isascii():
            environ["PATH_INFO"] = origin_wsgi.path(environ).encode().decode("latin-1")
        response: Iterable[bytes] = django(environ, start_response)
        return response

    return app
