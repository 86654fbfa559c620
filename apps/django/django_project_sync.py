"""Views and URLs of the Django project under WSGI: the sync counterparts of django_project_async."""

import time
from collections.abc import Iterator

import django_project_answers as answers
from django.http import HttpRequest, HttpResponse, StreamingHttpResponse
from django.urls import path
from django.views.decorators.http import require_GET, require_POST

import origin_contract as contract
import origin_wsgi


def query(request: HttpRequest) -> HttpResponse:
    """Answer at once."""
    return answers.message(request.GET.get("id"))


def message(request: HttpRequest, message_id: str) -> HttpResponse:
    """Answer after a wait, which holds a thread unless the server has patched `time`, as gevent does."""
    time.sleep(answers.delay_s(request))
    return answers.message(message_id)


def page(_request: HttpRequest) -> HttpResponse:
    """Answer with the talk's page."""
    return answers.page()


def hop(request: HttpRequest) -> HttpResponse:
    """Report what the app saw of the connection."""
    return answers.json_response(origin_wsgi.hop_document(request.environ))


def pattern(_request: HttpRequest, count: str) -> HttpResponse:
    """Answer with bytes of the pattern."""
    return answers.pattern(count)


def echo(request: HttpRequest) -> StreamingHttpResponse:
    """Stream the body back, read from the environ: Django reads nothing from a request without a length."""
    headers = dict(origin_wsgi.echo_headers(request.environ))
    return StreamingHttpResponse(origin_wsgi.request_body(request.environ), headers=headers)


def stream(request: HttpRequest) -> StreamingHttpResponse:
    """Send lines with waits between them."""
    return StreamingHttpResponse(_lines(*answers.stream_plan(request)), content_type=contract.TEXT_TYPE)


def _lines(chunks: int, interval_s: float) -> Iterator[str]:
    for index in range(chunks):
        if index:
            time.sleep(interval_s)
        yield contract.chunk_line(index)


def healthz(_request: HttpRequest) -> HttpResponse:
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
