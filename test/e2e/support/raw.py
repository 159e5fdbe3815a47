"""Sends bytes to a server and prints what comes back; for people who write their requests themselves.

Reads JSON from standard input: {"to": [HOST, PORT] or "/socket", "from": ADDRESS or null, "text": REQUEST}. With "texts" in place of
"text" each goes over a connection of its own, and the answers are printed as a JSON list.
"""
import json, socket, sys

order = json.load(sys.stdin)


def ask(text):
    if isinstance(order["to"], str):
        server = socket.socket(socket.AF_UNIX)
        to = order["to"]
    else:
        server = socket.socket()
        to = tuple(order["to"])
        if order.get("from"):
            server.bind((order["from"], 0))
    server.settimeout(60)
    answer = b""
    with server:
        try:
            server.connect(to)
        except PermissionError:
            return b"not permitted\n"
        server.sendall(text.encode("latin-1"))
        while True:
            try:
                data = server.recv(65536)
            except ConnectionResetError:
                return answer
            if not data:
                return answer
            answer += data


if "texts" in order:
    json.dump([ask(text).decode("latin-1") for text in order["texts"]], sys.stdout)
else:
    sys.stdout.buffer.write(ask(order["text"]))
