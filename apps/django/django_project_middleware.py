"""The Django project's only middleware: origin headers and length on every answer, and the 404 and 422."""

from collections.abc import Awaitable, Callable
from http import HTTPStatus
from typing import Any

from asgiref.sync import iscoroutinefunction, markcoroutinefunction
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django_project_answers import json_response, not_found

import origin_asgi
import origin_contract as contract
import origin_wsgi


class ContractMiddleware:
    """Works both ways without a thread: as a plain call under WSGI and as a coroutine under ASGI."""

    sync_capable = True
    async_capable = True

    def __init__(self, get_response: Callable[[HttpRequest], Any]) -> None:
        self._get_response = get_response
        self._is_async = iscoroutinefunction(get_response)
        if self._is_async:
            markcoroutinefunction(self)

    def __call__(self, request: HttpRequest) -> HttpResponseBase | Awaitable[HttpResponseBase]:
        """Answer the request, or return the coroutine that does."""
        if self._is_async:
            return self._call_async(request)
        response = self._get_response(request)
        environ = request.environ
        return _finish(request, response, origin_wsgi.http_version(environ), origin_wsgi.peer_port(environ))

    async def _call_async(self, request: HttpRequest) -> HttpResponseBase:
        response = await self._get_response(request)
        scope = request.scope
        return _finish(request, response, origin_asgi.http_version(scope), origin_asgi.peer_port(scope))

    def process_exception(self, _request: HttpRequest, error: Exception) -> HttpResponse | None:
        """Turn a bad value into a 422; leave other errors to Django."""
        return json_response({"detail": str(error)}, 422) if isinstance(error, contract.BadValueError) else None


def _finish(request: HttpRequest, response: HttpResponseBase, version: str, peer: str) -> HttpResponseBase:
    if response.status_code == HTTPStatus.METHOD_NOT_ALLOWED:
        response = not_found(request)
    response.headers[contract.VERSION_HEADER] = version
    response.headers[contract.PEER_HEADER] = peer
    if not response.streaming:
        response.headers["content-length"] = str(len(response.content))
        if request.method == "HEAD":
            # Some WSGI servers send the body even for HEAD, and a client would read it as the next answer.
            response.content = b""
    return response
