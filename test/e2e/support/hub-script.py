"""A script as sites write them, on JupyterHub's own package alone: asks the hub about TOKENS (a JSON list), prints what it was told."""
import json
import os

import jupyterhub
from jupyterhub.services.auth import HubAuth

auth = HubAuth()


def about(token):
    user = auth.user_for_token(token, use_cache=False)
    if user is None:
        return None
    return {
        "kind": user["kind"],
        "name": user["name"],
        "mayOpenServers": bool(auth.check_scopes({"access:servers!user=alice"}, user)),
        "mayListUsers": bool(auth.check_scopes({"list:users"}, user)),
    }


try:
    cookie = auth.user_for_cookie("whatever")
except RuntimeError as error:
    cookie = str(error)
answers = [about(token) for token in json.loads(os.environ["TOKENS"])]
print(json.dumps({"version": jupyterhub.__version__, "answers": answers, "cookie": cookie}))
