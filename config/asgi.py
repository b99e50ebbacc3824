"""The ASGI entry point of the web process."""

import os

from django.core.asgi import get_asgi_application

from config.logs import be_discreet

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")

application = get_asgi_application()
be_discreet()
