"""How Python's servers and workers write to their pipes, and end. The host puts this in front of load.py and of wsgi.py."""
import os
import signal


def send(fd, data):
    while data:
        data = data[os.write(fd, data):]


def bound_end(seconds):
    """Ends this process when its end takes long. A thread may run for ever, and the host that would kill it may be gone."""
    signal.signal(signal.SIGALRM, signal.SIG_DFL)
    signal.pthread_sigmask(signal.SIG_UNBLOCK, [signal.SIGALRM])
    signal.alarm(seconds)


