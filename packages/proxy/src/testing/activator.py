"""What systemd does for a service with a socket unit: holds the listening socket, and starts the command again whenever it ends.

activator.py held|own PORT COMMAND...: with "own" nobody holds a socket, and the command opens its own. It ends with its standard input.
"""
import os
import socket
import subprocess
import sys
import threading

how, port, command = sys.argv[1], int(sys.argv[2]), sys.argv[3:]
environment = dict(os.environ)
if how == 'held':
    held = socket.socket()
    held.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    held.bind(('127.0.0.1', port))
    held.listen(4096)
    os.dup2(held.fileno(), 3)
    environment['LISTEN_FDS'] = '1'
running = None
ending = False


def end():
    global ending
    sys.stdin.read()
    ending = True
    running.kill()


while not ending:
    # The shell is replaced by the command, which keeps its number.
    argv = ['sh', '-c', 'LISTEN_PID=$$ exec "$@"', 'sh', *command]
    running = subprocess.Popen(argv, stdin=subprocess.DEVNULL, env=environment, pass_fds=(3,) if how == 'held' else ())
    if threading.active_count() == 1:
        threading.Thread(target=end, daemon=True).start()
    running.wait()
