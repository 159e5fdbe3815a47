"""JupyterHub as the other side of the differential test: its API alone. Servers are stubs inside the hub, routes are kept in memory."""

import asyncio
import json
import os

from jupyterhub.proxy import Proxy
from jupyterhub.spawner import Spawner
from tornado.httpserver import HTTPServer
from tornado.netutil import bind_sockets
from tornado.web import Application, RequestHandler

c = get_config()  # noqa: F821
world = json.loads(os.environ["DIFFERENTIAL_WORLD"])


class NoProxy(Proxy):
    should_start = False
    routes = {}

    async def add_route(self, routespec, target, data):
        self.routes[routespec] = {"routespec": routespec, "target": target, "data": data}

    async def delete_route(self, routespec):
        self.routes.pop(routespec, None)

    async def get_all_routes(self):
        # As configurable-http-proxy has them: marked as the hub's own.
        return {
            spec: {**route, "data": {**route["data"], "jupyterhub": True}} for spec, route in self.routes.items()
        }


class Answer(RequestHandler):
    def get(self):
        self.write("{}")


class StubSpawner(Spawner):
    """What becomes of a start is what its profile is called after."""

    listener = None

    async def start(self):
        profile = self.user_options.get("profile", "small")
        if profile == "fails":
            raise RuntimeError("it was told to fail")
        if profile == "slow":
            await asyncio.sleep(3600)
        sockets = bind_sockets(0, "127.0.0.1")
        self.listener = HTTPServer(Application([(".*", Answer)]))
        self.listener.add_sockets(sockets)
        return ("127.0.0.1", sockets[0].getsockname()[1])

    async def poll(self):
        return 0 if self.listener is None else None

    async def stop(self, now=False):
        if self.listener is not None:
            self.listener.stop()
            self.listener = None


state = os.environ["DIFFERENTIAL_STATE"]
c.JupyterHub.spawner_class = StubSpawner
# How long a start may wait; ten seconds by default, and this test's slow ones never end.
c.JupyterHub.tornado_settings = {"slow_spawn_timeout": 3}
c.JupyterHub.proxy_class = NoProxy
c.JupyterHub.authenticator_class = "dummy"
c.JupyterHub.public_url = world["url"]
c.JupyterHub.hub_bind_url = f"http://127.0.0.1:{os.environ['DIFFERENTIAL_PORT']}"
c.JupyterHub.db_url = f"sqlite:///{state}/jupyterhub.sqlite"
c.JupyterHub.cookie_secret_file = f"{state}/cookie_secret"
c.JupyterHub.allow_named_servers = True
c.JupyterHub.named_server_limit_per_user = world["namedServers"]
c.Authenticator.allow_all = True
c.Authenticator.admin_users = set(world["admins"])
c.JupyterHub.load_roles = [{"name": name, **role} for name, role in world["roles"].items()]
c.JupyterHub.services = [
    {
        "name": name,
        "api_token": os.environ["DIFFERENTIAL_TOKEN_" + name],
        "info": service["info"],
        "display": service["display"],
        **({"url": service["url"]} if service["url"] else {}),
    }
    for name, service in world["services"].items()
]
