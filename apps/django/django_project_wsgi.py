"""The Django project as a WSGI app."""

from django_project_handler import wsgi_app

app = wsgi_app("django_project_sync")
