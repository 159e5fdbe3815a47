#!/usr/bin/python3 -IS
"""stub-server.py PORT FILE: the smallest single-user server: answers 200 to everything. Writes one line to FILE when it starts.
Without Python's HTTP server, whose import alone would cost more than the start that is measured."""

import posix
import sys
from _socket import SO_REUSEADDR, SOL_SOCKET, socket

BODY = b'{"version":"stub"}\n'
ANSWER = (
    b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nX-JupyterHub-Version: 5.2.1\r\nConnection: close\r\nContent-Length: %d\r\n\r\n%s"
    % (len(BODY), BODY)
)

server = socket()
server.setsockopt(SOL_SOCKET, SO_REUSEADDR, 1)
server.bind(("0.0.0.0", int(sys.argv[1])))
server.listen(64)
with open(sys.argv[2], "a") as started:
    started.write(posix.environ[b"SLURM_JOB_ID"].decode() + "\n")
while True:
    fd, _ = server._accept()
    visitor = socket(fileno=fd)
    try:
        asked = b""
        while b"\r\n\r\n" not in asked:
            piece = visitor.recv(65536)
            if not piece:
                break
            asked += piece
        visitor.sendall(ANSWER)
    except OSError:
        pass
    visitor.close()
