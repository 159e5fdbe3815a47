"""An application on Python's own server, which reads requests in its own way: tells how it understood each. Prints its port.
Its argument is what the path of every request holds that was sent as one.
"""
import collections
import http.server
import json
import sys

mark = sys.argv[1]
times = collections.Counter()
strange = 0


class Echo(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def body(self):
        if self.headers.get("Transfer-Encoding", "").lower() == "chunked":
            size = 0
            while True:
                length = int(self.rfile.readline().split(b";")[0], 16)
                size += len(self.rfile.read(length))
                self.rfile.readline()
                if length == 0:
                    return size
        return len(self.rfile.read(int(self.headers.get("Content-Length", "0"))))

    def answer(self):
        global strange
        times[self.path] += 1
        strange += mark not in self.path
        try:
            size = self.body()
        except (ValueError, OSError):
            # The client went away, and the proxy with it.
            self.close_connection = True
            return
        told = {"times": times[self.path], "strange": strange, "method": self.command, "target": self.path, "body": size}
        data = json.dumps(told).encode()
        self.send_response(200)
        self.send_header("X-App", "python")
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(data)

    def __getattr__(self, name):
        if name.startswith("do_"):
            return self.answer
        raise AttributeError(name)

    def send_error(self, *args, **kwargs):
        global strange
        strange += 1
        super().send_error(*args, **kwargs)

    def log_message(self, *args):
        pass


server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Echo)
server.daemon_threads = True
print(server.server_address[1], flush=True)
server.serve_forever()
