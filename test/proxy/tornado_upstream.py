"""A server on Tornado, as Jupyter is one, that prints its port, and then each request as it read it."""
import asyncio
import logging
import sys

import tornado.httpserver
import tornado.httputil
import tornado.netutil


def tell(text):
    sys.stdout.write(text.encode("ascii", "backslashreplace").decode().replace("\n", "\\n") + "\n")
    sys.stdout.flush()


class Told(logging.Handler):
    def emit(self, record):
        tell(f"? {record.getMessage()}")


class Teller(tornado.httputil.HTTPServerConnectionDelegate):
    def start_request(self, server_conn, request_conn):
        return Request(request_conn)


class Request(tornado.httputil.HTTPMessageDelegate):
    def __init__(self, connection):
        self.connection = connection
        self.method = ""

    def headers_received(self, start_line, headers):
        self.method = start_line.method
        tell(f"{start_line.method} {start_line.path}")

    def data_received(self, chunk):
        pass

    def finish(self):
        self.connection.write_headers(
            tornado.httputil.ResponseStartLine("", 200, "OK"),
            tornado.httputil.HTTPHeaders({"Content-Length": "2"}),
            b"" if self.method == "HEAD" else b"ok",
        )
        self.connection.finish()


async def main():
    logging.getLogger("tornado.general").addHandler(Told())
    logging.getLogger("tornado.general").setLevel(logging.INFO)
    logging.getLogger("tornado.application").addHandler(logging.NullHandler())
    sockets = tornado.netutil.bind_sockets(0, "127.0.0.1")
    server = tornado.httpserver.HTTPServer(Teller())
    server.add_sockets(sockets)
    print(sockets[0].getsockname()[1], flush=True)
    await asyncio.Event().wait()


asyncio.run(main())
