"""What batchspawner-singleuser does before it becomes the program that it is given, by the same means (JupyterHub's HubAuth and random_port,
Python's requests). The package itself is in no repository that this project's machines know.
"""
import os
import sys
from urllib.parse import urlparse

import requests
from jupyterhub.services.auth import HubAuth
from jupyterhub.utils import random_port

auth = HubAuth()
port = random_port()
answer = requests.post(
    auth.api_url + "/batchspawner",
    headers={"Authorization": "token " + auth.api_token},
    json={"port": port},
)
print("announced", port, answer.status_code, flush=True)
given = urlparse(os.environ["JUPYTERHUB_SERVICE_URL"])
os.environ["JUPYTERHUB_SERVICE_URL"] = given._replace(netloc=f"{given.hostname}:{port}").geturl()
os.execvp(sys.argv[1], sys.argv[1:])
