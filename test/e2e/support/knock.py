"""Knocks at HOST PORT with the beginnings of several protocols. Writes one JSON line each: {"sent": hex, "got": hex}."""
import json, socket, sys

beginnings = [
    b"",
    b"GET / HTTP/1.1\r\nHost: x\r\n\r\n",
    b"SSH-2.0-OpenSSH_9.2\r\n",
    b"\0" * 64,
    b"\x16\x03\x01\x00\x05\x01\x00\x00\x01\x03",
]
for sent in beginnings:
    got = b""
    with socket.create_connection((sys.argv[1], int(sys.argv[2])), timeout=15) as peer:
        try:
            peer.sendall(sent)
            peer.shutdown(socket.SHUT_WR)
            while data := peer.recv(65536):
                got += data
        except OSError:
            pass
    print(json.dumps({"sent": sent.hex(), "got": got.hex()}))
