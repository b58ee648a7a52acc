# postern-start: starts programs for a JVM that has no other way to do it in one step. Descriptor 0 brings commands, 1 takes
# reports:
#   c                          ->  0 PIPES: closes the pipes that wait for a program, and makes others
#   x LENGTH, and LENGTH bytes ->  PID PIPES: the program's number, 0 if it cannot be run, and the pipes of the next one
#   s PID                      ->  STATUS: how an ended program ended, as wait(2) has it; -1 if nobody knows
#   r PID                          lets the system forget an ended program
#   k PID                          kills a program
# PIPES are three descriptors of this process: one takes a program's input, one has its output and one its errors. They
# are missing when the system has no room for pipes. The bytes are DIRECTORY\0COUNT\0WORD\0...NAME=VALUE\0...
# An ended program stays in the process table until it is forgotten. When the commands end, this process ends with the
# last of its programs. A service manager may signal all processes of a service to end. This one goes on.
import os
import signal

# The ends of three pipes: for each, what reads and what writes.
MINE = (1, 2, 4)
ITS = (0, 3, 5)
# Python ignores these signals, and its children would.
IGNORED = (signal.SIGPIPE, signal.SIGXFSZ)
# The signals that end a service, without those that the JVM ignores. This process ignores them, its programs do not.
STOPS = [stop for stop in (signal.SIGHUP, signal.SIGINT, signal.SIGTERM) if signal.getsignal(stop) != signal.SIG_IGN]
for stop in STOPS:
    signal.signal(stop, signal.SIG_IGN)

buffer = b""
forgotten = set()


def more():
    global buffer
    piece = os.read(0, 65536)
    buffer += piece
    return piece


def make():
    ends = []
    try:
        for _ in range(3):
            ends += os.pipe()
    except OSError:
        close(ends)
        return []
    return ends


def close(ends):
    for end in ends:
        os.close(end)


def run(request, ends):
    directory, count, *words = request.split(b"\0")
    command, variables = words[: int(count)], words[int(count) : -1]
    try:
        os.chdir(directory)
        # posix_spawn copies none of this process's memory.
        return os.posix_spawn(
            command[0],
            command,
            dict(variable.split(b"=", 1) for variable in variables),
            file_actions=[(os.POSIX_SPAWN_DUP2, ends[end], number) for number, end in enumerate(ITS)],
            setsid=True,
            setsigdef=[*IGNORED, *STOPS],
        )
    except Exception:
        return 0
    finally:
        os.chdir("/")


def report(pid, ends):
    os.write(1, b"%s\n" % " ".join(map(str, [pid] + [ends[end] for end in MINE if ends])).encode())


def status(pid):
    try:
        # The program stays in the table, so that no other one gets its number.
        end = os.waitid(os.P_PID, pid, os.WEXITED | os.WNOWAIT)
    except ChildProcessError:
        return -1
    return end.si_status << 8 if end.si_code == os.CLD_EXITED else end.si_status


def is_forgotten(pid):
    try:
        return os.waitpid(pid, os.WNOHANG)[0] == pid
    except ChildProcessError:
        return True


def serve():
    global buffer
    ends = []
    while True:
        while b"\n" not in buffer:
            if not more():
                return
        line, _, buffer = buffer.partition(b"\n")
        name, _, number = line.partition(b" ")
        if name == b"c" or name == b"x":
            pid = 0
            if name == b"x":
                while len(buffer) < int(number):
                    if not more():
                        return
                request, buffer = buffer[: int(number)], buffer[int(number) :]
                pid = run(request, ends) if ends else 0
            close(ends)
            ends = make()
            report(pid, ends)
        elif name == b"s":
            os.write(1, b"%d\n" % status(int(number)))
        elif name == b"k":
            try:
                os.kill(int(number), signal.SIGKILL)
            except OSError:
                pass
        elif name == b"r":
            # A program that could not be killed may end later.
            forgotten.add(int(number))
            forgotten.difference_update([pid for pid in forgotten if is_forgotten(pid)])


# It came with Python 3.8. Without it, the first command fails before any program begins.
if not hasattr(os, "posix_spawn"):
    os._exit(1)
try:
    with open("/proc/self/comm", "w") as comm:
        comm.write("postern-start")
except OSError:
    pass
serve()
os.closerange(0, 3)
try:
    while True:
        os.wait()
except ChildProcessError:
    pass
