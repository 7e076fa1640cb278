"""What a server loads: `app.asgi:app`."""

from app import settings as settings_module
from app.main import create_app
from app.web import logs
from app.web.asgi import App

settings = settings_module.read()
logs.configure(human=settings.environment == "local")
edge = create_app(settings)
app: App = edge
if settings.trusted_proxies:
    from granian.utils.proxies import wrap_asgi_with_proxy_headers

    app = wrap_asgi_with_proxy_headers(edge, trusted_hosts=list(settings.trusted_proxies))
