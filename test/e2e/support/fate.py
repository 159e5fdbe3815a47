"""A small web application with a fate: fate.py PORT FATE [MIB]

leave   answers, then ends by itself with status 0
crash   answers, says why on its output, then ends with status 3
eat     answers, then takes MIB of memory and keeps it
stay    answers until it is told to go
mute    never answers
"""
import http.server
import os
import sys
import threading
import time

port, fate = int(sys.argv[1]), sys.argv[2]
amount = int(sys.argv[3]) if len(sys.argv) > 3 else 0
print(f"fate: {fate}", flush=True)


class Page(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        body = f"fate {fate}\n".encode()
        self.send_response(200)
        self.send_header("Content-Type", "text/plain")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *args):
        pass


if fate != "mute":
    server = http.server.ThreadingHTTPServer(("127.0.0.1", port), Page)
    threading.Thread(target=server.serve_forever, daemon=True).start()
# Long enough for the first answer to be noticed: what happens afterwards happens to a session that is ready.
time.sleep(6 if fate in ("leave", "crash", "eat") else 0)
if fate == "leave":
    print("all done", flush=True)
    sys.exit(0)
if fate == "crash":
    print("reading settings", flush=True)
    print("KeyError: 'colour <of> the \"sea\" & sky'", file=sys.stderr, flush=True)
    sys.exit(3)
held = []
for _ in range(amount // 16):
    held.append(bytearray(os.urandom(1 << 20) * 16))
if fate == "eat":
    print(f"{amount} MiB taken", flush=True)
while True:
    time.sleep(60)
