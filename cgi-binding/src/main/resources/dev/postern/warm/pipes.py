"""How Python's servers and workers write to their pipes, and end. The host puts this in front of load.py and of wsgi.py."""
import os
import signal
import sys


def send(fd, data):
    while data:
        data = data[os.write(fd, data):]


def bound_end(seconds):
    """Ends this process when its end takes long. A thread may run for ever, and the host that would kill it may be gone."""
    signal.signal(signal.SIGALRM, signal.SIG_DFL)
    signal.pthread_sigmask(signal.SIG_UNBLOCK, [signal.SIGALRM])
    signal.alarm(seconds)


def close_in_children(*fds):
    """A child must not hold what tells of its parent's end, nor report in its place. Its own children hold nothing."""
    held = list(fds)
    os.register_at_fork(after_in_child=lambda: [os.close(held.pop()) for _ in fds if held])


def exit_status(error):
    """The status that a SystemExit asks for, whose text goes to standard error."""
    code = error.code
    if code is None:
        return 0
    if isinstance(code, int):
        return code & 0xFF
    try:
        sys.stderr.write('%s\n' % (code,))
        sys.stderr.flush()
    except Exception:
        pass
    return 1


