#!/usr/bin/python3 -S
"""stub-server.py PORT FILE: the smallest single-user server: answers 200 to everything. Writes one line to FILE when it starts."""

import http.server
import os
import sys


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_GET(self):
        body = b'{"version":"stub"}\n'
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("X-JupyterHub-Version", "5.2.1")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *args):
        pass


server = http.server.ThreadingHTTPServer(("0.0.0.0", int(sys.argv[1])), Handler)
with open(sys.argv[2], "a") as started:
    started.write(f"{os.environ['SLURM_JOB_ID']}\n")
server.serve_forever()
