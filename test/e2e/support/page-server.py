"""A web application with pages of its own that checks nobody and believes all it is told: page-server.py PORT|SOCKET.

    …/seen     what was asked so far, as a JSON list of "METHOD PATH", with the first bytes that followed a request for a WebSocket
    ….js       a script for a service worker, with the wish to govern the whole origin
    …/led      a redirect to the host that the request names
    the rest   an HTML page; a WebSocket where one is asked for

A body is as long as Content-Length says, and nothing else is looked at: what follows is the next request.
"""
import http.server, json, os, socketserver, sys

seen = []


class Pages(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def answer(self, status, kind, text, **headers):
        body = text.encode()
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(body)))
        for name, value in headers.items():
            self.send_header(name.replace("_", "-"), value)
        self.end_headers()
        self.wfile.write(body)

    def do_GET(self):
        path = self.path.split("?")[0]
        if path.endswith("/seen"):
            return self.answer(200, "application/json", json.dumps(seen))
        seen.append(f"{self.command} {self.path}")
        self.rfile.read(int(self.headers.get("Content-Length") or 0))
        if self.headers.get("Upgrade") == "websocket":
            self.wfile.write(b"HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n")
            seen.append("FRAME " + self.rfile.read1(64).decode("latin-1"))
            self.close_connection = True
        elif path.endswith(".js"):
            self.answer(200, "text/javascript", "self.onfetch = () => {}", Service_Worker_Allowed="/")
        elif path.endswith("/led"):
            self.answer(302, "text/plain", "", Location=f"http://{self.headers['Host']}/there")
        else:
            self.answer(200, "text/html", "<!doctype html><title>Pages</title><h1>an application</h1>")

    do_POST = do_GET

    def log_message(self, *words):
        pass


class OnSocket(socketserver.ThreadingMixIn, socketserver.UnixStreamServer):
    daemon_threads = True


place = sys.argv[1]
if place.startswith("/"):
    os.umask(0)  # as careless as a program can be: whoever reaches the socket may use it
    OnSocket(place, Pages).serve_forever()
http.server.ThreadingHTTPServer(("127.0.0.1", int(place)), Pages).serve_forever()
