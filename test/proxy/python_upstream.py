"""A server on Python's own http.server that prints its port, and then each request as it read it."""
import http.server
import sys


def tell(text):
    sys.stdout.write(text.encode("ascii", "backslashreplace").decode().replace("\n", "\\n") + "\n")
    sys.stdout.flush()


class Teller(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def body(self):
        if self.headers.get("Transfer-Encoding", "").lower() == "chunked":
            while True:
                length = int(self.rfile.readline().split(b";")[0], 16)
                self.rfile.read(length)
                if length == 0:
                    while self.rfile.readline().strip():
                        pass
                    return
                self.rfile.readline()
        self.rfile.read(int(self.headers.get("Content-Length", "0")))

    def answer(self):
        tell(f"{self.command} {self.path}")
        try:
            self.body()
        except (ValueError, OSError):
            self.close_connection = True
            return
        self.send_response(200)
        self.send_header("Content-Length", "2")
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(b"ok")

    def __getattr__(self, name):
        if name.startswith("do_"):
            return self.answer
        raise AttributeError(name)

    def send_error(self, code, *args, **kwargs):
        tell(f"? {code}")
        super().send_error(code, *args, **kwargs)

    def log_message(self, *args):
        pass


class Server(http.server.ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 128

    def handle_error(self, request, client_address):
        pass


server = Server(("127.0.0.1", 0), Teller)
print(server.server_address[1], flush=True)
server.serve_forever()
