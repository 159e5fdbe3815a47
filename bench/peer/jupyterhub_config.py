"""JupyterHub as the peer of `starts.ts` and `hub.ts`: one named server is one Slurm job, submitted and watched in the manner of batchspawner (sbatch as
the user, here without the cost of sudo; then squeue for each starting server every half second). The spawner is the bench's own: batchspawner itself is no Debian package."""

import asyncio
import os
import shlex

from jupyterhub.spawner import Spawner

c = get_config()  # noqa: F821


class SlurmSpawner(Spawner):
    job_id = ""

    async def run(self, *argv, script=None):
        process = await asyncio.create_subprocess_exec(
            *argv, user="alice", group="alice", extra_groups=[],
            stdin=asyncio.subprocess.PIPE if script else asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.DEVNULL,
        )
        out, _ = await process.communicate(script.encode() if script else None)
        return out.decode().strip()

    async def start(self):
        port = 20000 + int(self.name.lstrip("s"))
        environment = {k: v for k, v in self.get_env().items() if k.startswith("JUPYTERHUB_")}
        exports = "".join(f"export {k}={shlex.quote(v)}\n" for k, v in environment.items())
        script = f"#!/bin/sh\n{exports}exec {os.environ['BENCH_STUB']} {port} {os.environ['BENCH_STARTED']}\n"
        self.job_id = await self.run(
            "sbatch", "--parsable", "--partition=many", "--mem=200M", "--time=60", "--job-name=jupyterhub", "--chdir=/home/alice",
            "--output=/dev/null", script=script,
        )
        while True:
            state, _, node = (await self.run("squeue", "-h", "-j", self.job_id, "-o", "%T %B")).partition(" ")
            if state == "RUNNING":
                return (node, port)
            if state not in ("PENDING", "CONFIGURING"):
                raise RuntimeError(f"job {self.job_id} is {state}")
            await asyncio.sleep(0.5)

    async def poll(self):
        if not self.job_id:
            return 0
        return None if await self.run("squeue", "-h", "-j", self.job_id, "-o", "%T") in ("RUNNING", "PENDING") else 0

    async def stop(self, now=False):
        await self.run("scancel", self.job_id)
        self.job_id = ""


state = os.environ["BENCH_STATE"]
port = int(os.environ["BENCH_PORT"])  # of the proxy; then the hub, then the proxy's own API
c.JupyterHub.spawner_class = SlurmSpawner
c.JupyterHub.authenticator_class = "dummy"
c.Authenticator.allowed_users = {"alice"}
c.JupyterHub.allow_named_servers = True
c.JupyterHub.concurrent_spawn_limit = 0
c.JupyterHub.bind_url = f"http://127.0.0.1:{port}"
c.JupyterHub.hub_bind_url = f"http://127.0.0.1:{port + 1}"
c.JupyterHub.db_url = f"sqlite:///{state}/jupyterhub.sqlite"
c.JupyterHub.cookie_secret_file = f"{state}/cookie_secret"
c.ConfigurableHTTPProxy.should_start = False
c.ConfigurableHTTPProxy.api_url = f"http://127.0.0.1:{port + 2}"
c.Spawner.start_timeout = 600
c.Spawner.http_timeout = 300
c.JupyterHub.services = [{"name": "bench", "api_token": os.environ["BENCH_TOKEN"]}]
c.JupyterHub.load_roles = [{"name": "bench", "scopes": ["admin:users", "admin:servers", "tokens"], "services": ["bench"]}]
