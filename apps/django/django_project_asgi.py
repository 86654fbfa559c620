"""The Django project as an ASGI app. Django supports only HTTP, so WebSocket and lifespan are answered here."""

from django.conf import settings
from django.core.asgi import get_asgi_application
from django_project_settings import SETTINGS

import origin_asgi
from origin_asgi import Receive, Scope, Send

settings.configure(**SETTINGS, ROOT_URLCONF="django_project_async")
_django = get_asgi_application()


async def app(scope: Scope, receive: Receive, send: Send) -> None:
    """Hand HTTP requests to Django."""
    if scope["type"] == "http":
        await _django(scope, receive, send)
    elif scope["type"] == "websocket":
        await origin_asgi.websocket(scope, receive, send)
    else:
        await origin_asgi.lifespan(receive, send)
