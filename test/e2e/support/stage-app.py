"""An application that does in a browser what its visitor's enemy would.

Usage: stage-app.py PORT. A page at every path; its query `header=NAME: VALUE` is answered with that header, `set=COOKIE` with that cookie.
What ends in `.js` is a service worker; what ends in `/cookies` answers with the cookies that came.
"""
import http.server, sys, urllib.parse

PAGE = b"<!doctype html><title>stage</title><main>stage</main>"
WORKER = b"self.addEventListener('install', () => self.skipWaiting()); self.addEventListener('fetch', () => {});"


class Stage(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_GET(self):
        address = urllib.parse.urlsplit(self.path)
        query = urllib.parse.parse_qs(address.query)
        kind, body = "text/html", PAGE
        if address.path.endswith(".js") or "worker" in query:
            kind, body = "text/javascript", WORKER
        if address.path.endswith("/cookies"):
            kind, body = "text/plain", (self.headers.get("Cookie") or "").encode()
        self.send_response(200)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(body)))
        for line in query.get("header", []):
            self.send_header(*line.split(": ", 1))
        for cookie in query.get("set", []):
            self.send_header("Set-Cookie", cookie)
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *words):
        pass


http.server.ThreadingHTTPServer(("127.0.0.1", int(sys.argv[1])), Stage).serve_forever()
