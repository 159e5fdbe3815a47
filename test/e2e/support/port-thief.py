"""Waits until 127.0.0.1:PORT is free, takes it at once, and says in JSON lines what it is sent: {"got": latin-1 text}.

Usage: port_thief.py ADDRESS PORT
"""
import json, socket, sys, threading, time

address, port = sys.argv[1], int(sys.argv[2])
answer = b"HTTP/1.1 200 OK\r\nContent-Length: 6\r\nConnection: close\r\n\r\nstolen"
lock = threading.Lock()


def say(**what):
    with lock:
        print(json.dumps(what), flush=True)


def serve(peer):
    peer.settimeout(3)
    got = b""
    try:
        while b"\r\n\r\n" not in got and len(got) < 65536:
            data = peer.recv(65536)
            if not data:
                break
            got += data
            if not got[:1].isalpha():  # no HTTP: a handshake, to which we have nothing to say
                break
    except OSError:
        pass
    say(got=got.decode("latin-1"))
    try:
        peer.sendall(answer)
    except OSError:
        pass
    peer.close()


say(waiting=port)
while True:
    listener = socket.socket()
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((address, port))
        listener.listen(64)
        break
    except OSError:
        listener.close()
        time.sleep(0.002)
say(took=port)
while True:
    peer, _ = listener.accept()
    threading.Thread(target=serve, args=(peer,), daemon=True).start()
