"""Views and URLs of the Django project under ASGI: all async, so that no request waits for a thread."""

import asyncio
from collections.abc import AsyncIterator

import django_project_answers as answers
from django.http import HttpRequest, HttpResponse, StreamingHttpResponse
from django.urls import path
from django.views.decorators.http import require_GET, require_POST

import origin_asgi
import origin_contract as contract


async def query(request: HttpRequest) -> HttpResponse:
    """Answer at once."""
    return answers.message(request.GET.get("id"))


async def message(request: HttpRequest, message_id: str) -> HttpResponse:
    """Answer after a wait that holds no thread."""
    await asyncio.sleep(answers.delay_s(request))
    return answers.message(message_id)


async def page(_request: HttpRequest) -> HttpResponse:
    """Answer with the talk's page."""
    return answers.page()


async def hop(request: HttpRequest) -> HttpResponse:
    """Report what the app saw of the connection."""
    return answers.json_response(origin_asgi.hop_document(request.scope))


async def pattern(_request: HttpRequest, count: str) -> HttpResponse:
    """Answer with bytes of the pattern."""
    return answers.pattern(count)


async def echo(request: HttpRequest) -> HttpResponse:
    """Send the body back in one piece: under ASGI, Django reads all of it before it calls a view."""
    content_type = request.headers.get("content-type") or contract.BYTES_TYPE
    return HttpResponse(request.body, content_type=content_type)


async def stream(request: HttpRequest) -> StreamingHttpResponse:
    """Send lines with waits between them."""
    return StreamingHttpResponse(_lines(*answers.stream_plan(request)), content_type=contract.TEXT_TYPE)


async def _lines(chunks: int, interval_s: float) -> AsyncIterator[str]:
    for index in range(chunks):
        if index:
            await asyncio.sleep(interval_s)
        yield contract.chunk_line(index)


async def healthz(_request: HttpRequest) -> HttpResponse:
    """Say that the app is up."""
    return answers.healthz()


urlpatterns = [
    path("query", require_GET(query)),
    path("message/<str:message_id>", require_GET(message)),
    path("", require_GET(page)),
    path("hop", require_GET(hop)),
    path("bytes/<str:count>", require_GET(pattern)),
    path("echo", require_POST(echo)),
    path("stream", require_GET(stream)),
    path("healthz", require_GET(healthz)),
]
handler404 = answers.NOT_FOUND_VIEW
