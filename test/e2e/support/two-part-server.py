"""A web application of two processes, as wrappers and supervisors make them: the first stays when the second, which serves, is killed.

Usage: two-part-server.py PORT. Answers every request with what it was sent, as JSON; a query `set=COOKIE` is set as a cookie.
"""
import http.server, json, os, signal, sys, urllib.parse


class Echo(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_GET(self):
        length = int(self.headers.get("Content-Length") or 0)
        body = self.rfile.read(length).decode("latin-1")
        query = urllib.parse.parse_qs(urllib.parse.urlsplit(self.path).query)
        text = json.dumps({"echo": True, "path": self.path, "headers": self.headers.items(), "body": body}).encode()
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(text)))
        for cookie in query.get("set", []):
            self.send_header("Set-Cookie", cookie)
        self.end_headers()
        self.wfile.write(text)

    do_POST = do_GET

    def log_message(self, *words):
        pass


if os.fork() == 0:
    http.server.ThreadingHTTPServer(("127.0.0.1", int(sys.argv[1])), Echo).serve_forever()
signal.signal(signal.SIGTERM, lambda *_: os._exit(0))
while True:
    signal.pause()
