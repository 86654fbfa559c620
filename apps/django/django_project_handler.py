"""Makes a WSGI app from a Django project's URLs, once per process, because settings can be set only once."""

from collections.abc import Callable, Iterable

from django.conf import settings
from django.core.handlers.wsgi import WSGIRequest
from django.core.wsgi import get_wsgi_application
from django_project_settings import SETTINGS

import origin_wsgi
from origin_wsgi import Environ

WsgiApp = Callable[[Environ, object], Iterable[bytes]]


class Utf8Request(WSGIRequest):  # type: ignore[misc]  # Django ships no types
    """Decodes the query as UTF-8, whatever charset the body's content type names.

    By default, and only under WSGI, Django decodes the query with that charset, and `charset=base64` causes a 500.
    """

    @property
    def encoding(self) -> str | None:
        """Name no charset, which leaves the default."""
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
        """Hand the request to Django, with invalid UTF-8 in its path replaced.

        By default, and only under WSGI, Django percent-encodes the invalid bytes again, so the interfaces would differ.
        """
        if not environ["PATH_INFO"].isascii():
            environ["PATH_INFO"] = origin_wsgi.path(environ).encode().decode("latin-1")
        response: Iterable[bytes] = django(environ, start_response)
        return response

    return app
