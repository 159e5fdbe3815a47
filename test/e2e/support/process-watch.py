"""Writes every command line, and every environment it may read, of every process it ever sees: JSON {"pid", "argv", "environ"} a line."""
import json, os, time


def read(path):
    try:
        with open(path, "rb") as file:
            return file.read(1 << 20).decode("latin-1")
    except OSError:
        return ""


known = {}
print(json.dumps({"watching": True}), flush=True)
while True:
    now = {}
    for pid in filter(str.isdigit, os.listdir("/proc")):
        looks, last = known.get(pid, (0, None))
        if looks < 60:  # a young process may become another program by `exec`
            argv = read(f"/proc/{pid}/cmdline")
            if argv != last:
                print(json.dumps({"pid": pid, "argv": argv, "environ": read(f"/proc/{pid}/environ")}), flush=True)
            last = argv
        now[pid] = (looks + 1, last)
    known = now
    time.sleep(0.01)
