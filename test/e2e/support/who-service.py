"""A web service as sites write them, on JupyterHub's own package alone: signs its visitors in by the hub, and says who they are.

    …/           who is visiting, as JSON; with `asked`, the path that the visitor wanted
    …/leave      forgets the visitor, then signs out of the hub

CACHE_SECONDS is how long it believes an answer of the hub (300 by default, in the package).
"""
import os
import secrets
from urllib.parse import urlparse

import jupyterhub
from jupyterhub.services.auth import HubOAuth, HubOAuthCallbackHandler, HubOAuthenticated
from tornado import ioloop, web

auth = HubOAuth(cache_max_age=int(os.environ["CACHE_SECONDS"]))


class Visited(HubOAuthenticated, web.RequestHandler):
    @property
    def hub_auth(self):
        return auth


class Who(Visited):
    @web.authenticated
    def get(self):
        user = self.get_current_user()
        self.write(
            {
                "service": f"JupyterHub {jupyterhub.__version__}",
                "name": user["name"],
                "scopes": sorted(user["scopes"]),
                "asked": self.request.uri,
            }
        )


class Leave(Visited):
    def get(self):
        auth.clear_cookie(self)
        self.redirect(auth.hub_host + auth.hub_prefix + "logout")


class Callback(HubOAuthCallbackHandler):
    @property
    def hub_auth(self):
        return auth


prefix = os.environ["JUPYTERHUB_SERVICE_PREFIX"]
where = urlparse(os.environ["JUPYTERHUB_SERVICE_URL"])
app = web.Application(
    [(prefix + "oauth_callback", Callback), (prefix + "leave", Leave), (prefix + ".*", Who)],
    cookie_secret=secrets.token_bytes(32),
)
app.listen(where.port, where.hostname)
ioloop.IOLoop.current().start()
