"""The settings that both forms of the Django project share; each adds its own ROOT_URLCONF."""

from typing import Any

SETTINGS: dict[str, Any] = {
    "DEBUG": False,
    "ALLOWED_HOSTS": ["*"],
    "MIDDLEWARE": ["django_project_middleware.ContractMiddleware"],
    "USE_I18N": False,
    "USE_TZ": False,
    # No limits here: exceeding either would give a 400, which the contract does not have.
    "DATA_UPLOAD_MAX_MEMORY_SIZE": None,
    "DATA_UPLOAD_MAX_NUMBER_FIELDS": None,
}
