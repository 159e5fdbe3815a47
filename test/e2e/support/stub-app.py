"""A web application that answers within a moment: stub-app.py PORT FOLDER PREFIX [GATE]

Writes down each start of itself in FOLDER (below the home), as one line "PID JOB PREFIX" in the file `starts`, so that starts are
counted by who was started and not by who ordered it; and its credentials, in a file of its own. Answers 200 to everything, once the
file GATE is there. With STUB_STUBBORN in its environment it does not end when it is asked to.
"""
import _thread
import os
import signal
import socket
import sys
import time

port, folder, prefix = int(sys.argv[1]), os.path.join(os.path.expanduser("~"), sys.argv[2]), sys.argv[3]
if "STUB_STUBBORN" in os.environ:
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
job = os.environ.get("SLURM_JOB_ID", "local")
pid = os.getpid()
with open(os.open(f"{folder}/token-{pid}", os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w") as file:
    file.write(os.environ.get("JUPYTERHUB_API_TOKEN", ""))
starts = os.open(f"{folder}/starts", os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
os.write(starts, f"{pid} {job} {prefix}\n".encode())
os.close(starts)
while len(sys.argv) > 4 and not os.path.exists(sys.argv[4]):
    time.sleep(0.1)
body = f"{pid} {job}\n".encode()
answer = b"HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nConnection: close\r\nContent-Length: %d\r\n\r\n%s" % (len(body), body)


def serve(connection):
    try:
        if connection.recv(65536):
            connection.sendall(answer)
    except OSError:
        pass
    connection.close()


server = socket.create_server(("127.0.0.1", port), backlog=64)
while True:
    _thread.start_new_thread(serve, (server.accept()[0],))
