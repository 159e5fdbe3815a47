"""Looks for texts in all that this user can read. Standard input: JSON {"needles": {name: text}, "roots": [...], "since": seconds}.

Files changed before `since` cannot hold what was made after it. Of /proc everything of every process is read. Writes JSON:
{"hits": [[name, path]...], "read": count of what was read}. Finds a text plain, percent-encoded, in either base64 and in hexadecimal.
"""
import base64, json, os, re, stat, sys, urllib.parse

order = json.load(sys.stdin)
forms = []
for name, text in order["needles"].items():
    raw = text.encode()
    forms.append((name, raw))
    forms.append((name, urllib.parse.quote(text, safe="").encode()))
    forms.append((name, raw.hex().encode()))
    for shift in range(3):  # the text may begin anywhere in what was encoded
        coded = base64.b64encode(b"\0" * shift + raw)[4 if shift else 0:]
        coded = coded[: -4 if len(raw) > 12 else None]
        forms += [(name, coded), (name, coded.replace(b"+", b"-").replace(b"/", b"_"))]
forms = list(dict.fromkeys(forms))
names = {form: name for name, form in forms}
pattern = re.compile(b"|".join(re.escape(form) for form in sorted(names, key=len, reverse=True)))
hits, count = [], 0


def look(path, data):
    global count
    count += 1
    for found in {names[match.group()] for match in pattern.finditer(data)}:
        hits.append([found, path])


def read(path, limit=1 << 28):
    try:
        with open(path, "rb") as file:
            look(path, file.read(limit))
    except OSError:
        pass


def walk(root):
    for folder, folders, files in os.walk(root, onerror=lambda _: None):
        look(folder, os.fsencode(folder))
        for name in files:
            path = os.path.join(folder, name)
            look(path, os.fsencode(name))
            try:
                status = os.lstat(path)
            except OSError:
                continue
            if stat.S_ISLNK(status.st_mode):
                try:
                    look(path, os.fsencode(os.readlink(path)))
                except OSError:
                    pass
            elif stat.S_ISREG(status.st_mode) and max(status.st_mtime, status.st_ctime) >= order["since"]:
                read(path)


def processes():
    for pid in filter(str.isdigit, os.listdir("/proc")):
        if int(pid) == os.getpid():
            continue
        for name in ("cmdline", "environ", "comm", "status", "cgroup", "mountinfo", "maps", "stack", "wchan"):
            read(f"/proc/{pid}/{name}", 1 << 24)
        for link in ("cwd", "exe", "root"):
            try:
                look(f"/proc/{pid}/{link}", os.fsencode(os.readlink(f"/proc/{pid}/{link}")))
            except OSError:
                pass
        try:
            for fd in os.listdir(f"/proc/{pid}/fd"):
                look(f"/proc/{pid}/fd/{fd}", os.fsencode(os.readlink(f"/proc/{pid}/fd/{fd}")))
        except OSError:
            pass
    for name in ("unix", "tcp", "tcp6"):
        read(f"/proc/net/{name}")


for root in order["roots"]:
    if root == "/proc":
        processes()
    elif root == "-":
        look("-", order["text"].encode())
    else:
        walk(root)
json.dump({"hits": hits, "read": count}, sys.stdout)
