"""A web application that saves when it is told to go: saver.py PORT FILE writes the time of its SIGTERM into FILE, below the home."""
import http.server
import os
import signal
import sys
import threading
import time

port, path = int(sys.argv[1]), os.path.join(os.environ["HOME"], sys.argv[2])


class Page(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(200)
        self.send_header("Content-Length", "2")
        self.end_headers()
        self.wfile.write(b"ok")

    def log_message(self, *args):
        pass


def save(*_):
    with open(path + ".part", "w", encoding="ascii") as file:
        file.write(str(time.time()))
    os.rename(path + ".part", path)
    print("saved", flush=True)
    os._exit(0)


signal.signal(signal.SIGTERM, save)
server = http.server.ThreadingHTTPServer(("127.0.0.1", port), Page)
threading.Thread(target=server.serve_forever, daemon=True).start()
print("serving", flush=True)
while True:
    time.sleep(3600)
