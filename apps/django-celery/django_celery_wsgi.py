"""The Django project as a WSGI app that hands its slow message to Celery."""

from django_project_handler import wsgi_app

app = wsgi_app("django_celery_views")
