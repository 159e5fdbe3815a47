"""Sends bytes to a server and prints what comes back; for people who write their requests themselves.

Reads JSON from standard input: {"to": [HOST, PORT] or "/socket", "from": ADDRESS or null, "text": REQUEST}.
"""
import json, socket, sys

order = json.load(sys.stdin)
if isinstance(order["to"], str):
    server = socket.socket(socket.AF_UNIX)
    to = order["to"]
else:
    server = socket.socket()
    to = tuple(order["to"])
    if order.get("from"):
        server.bind((order["from"], 0))
server.settimeout(60)
try:
    server.connect(to)
except PermissionError:
    print("not permitted")
    sys.exit()
server.sendall(order["text"].encode("latin-1"))
while True:
    data = server.recv(65536)
    if not data:
        break
    sys.stdout.buffer.write(data)
