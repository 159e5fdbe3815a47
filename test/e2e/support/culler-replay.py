"""The requests of jupyterhub-idle-culler, replayed: which, in which order, with which headers and bodies, by which HTTP client (tornado's).
The package itself is in no repository that this project's machines know. CULL is a JSON object:

    greeting        "/" (1.2 and later) or "/info" (before)
    timeout         seconds
    cull_users, remove_named_servers
    page_size       `limit` of the first request, or null
    accept          true: asks for pages. false: as hubs before 2.0 answered

Prints a JSON list of [method, URL, status].
"""
import asyncio
import json
import os
from datetime import datetime, timezone
from urllib.parse import quote

from tornado.httpclient import AsyncHTTPClient, HTTPClientError, HTTPRequest
from tornado.httputil import url_concat

url = os.environ["JUPYTERHUB_API_URL"]
headers = {"Authorization": "token " + os.environ["JUPYTERHUB_API_TOKEN"]}
cull = json.loads(os.environ["CULL"])
done = []


async def fetch(request):
    try:
        response = await AsyncHTTPClient().fetch(request)
    except HTTPClientError as error:
        done.append([request.method, request.url, error.code])
        raise
    done.append([request.method, request.url, response.code])
    return response


async def users_of(state):
    parameters = {"state": state}
    if cull["page_size"]:
        parameters["limit"] = str(cull["page_size"])
    request = HTTPRequest(url_concat(url + "/users", parameters), headers=dict(headers))
    if cull["accept"]:
        request.headers["Accept"] = "application/jupyterhub-pagination+json"
    found = []
    while True:
        model = json.loads((await fetch(request)).body)
        if isinstance(model, list):
            return found + model
        found += model["items"]
        following = model["_pagination"]["next"]
        if not following:
            return found
        request.url = following["url"]


def idle_seconds(at, otherwise):
    at = at or otherwise
    if at is None:
        return None
    return (datetime.now(timezone.utc) - datetime.strptime(at, "%Y-%m-%dT%H:%M:%S.%fZ").replace(tzinfo=timezone.utc)).total_seconds()


def is_idle(at, otherwise):
    seconds = idle_seconds(at, otherwise)
    return seconds is not None and seconds >= cull["timeout"]


async def server_is_stopped(user, name, server):
    if server["pending"] or not server["ready"] or not is_idle(server["last_activity"], server["started"]):
        return False
    path = f"/users/{quote(user['name'])}/servers/{quote(server['name'])}" if name else f"/users/{quote(user['name'])}/server"
    body = json.dumps({"remove": True}) if name and cull["remove_named_servers"] else None
    response = await fetch(HTTPRequest(url + path, method="DELETE", headers=headers, body=body, allow_nonstandard_methods=True))
    return response.code != 202


async def one_user(user):
    stopped = await asyncio.gather(*[server_is_stopped(user, *item) for item in user["servers"].items()])
    if not cull["cull_users"] or not all(stopped) or user["admin"]:
        return
    if is_idle(user["last_activity"], user["created"]):
        await fetch(HTTPRequest(url + "/users/" + quote(user["name"]), method="DELETE", headers=headers))


async def main():
    version = json.loads((await fetch(HTTPRequest(url + cull["greeting"], headers=headers))).body)["version"]
    assert int(version.split(".")[0]) >= 2, version
    users = await users_of("inactive") if cull["cull_users"] else []
    users += await users_of("ready")
    await asyncio.gather(*[one_user(user) for user in users])


try:
    asyncio.run(main())
finally:
    print(json.dumps(done))
