"""How Python's servers and workers write to their pipes, and end. The host puts this in front of load.py and of wsgi.py."""
import sys

began_with = set(sys.modules)

import os
import select
import signal


def send(fd, data):
    while data:
        data = data[os.write(fd, data):]


def receive(control, commands):
    """A request; None when the host wants no more."""
    request, length = b'', None
    while length is None or len(request) < length:
        ready = select.select([control, commands], [], [])[0]
        if control not in ready:
            if not os.read(commands, 4096):
                return None
            continue
        more = os.read(control, 65536)
        if not more:
            return None
        request += more
        if length is None and b':' in request:
            head, _, request = request.partition(b':')
            length = int(head)
    return request


class LoadedFiles:
    """The files of this process's modules, so that the host can see when they change."""

    def __init__(self):
        self.modules, self.told = 0, set()

    def line(self, word, *more):
        """A line with the files that no line has told before; b'' if there are none."""
        if len(sys.modules) == self.modules:
            return b''
        self.modules = len(sys.modules)
        new = [file for file in (*more, *map(file_of, list(sys.modules.values()))) if file and file not in self.told]
        self.told.update(new)
        shown = [os.fsencode(file) for file in new if not any(c in file for c in '\t\n')]
        return b'\t'.join([word] + shown) + b'\n' if shown else b''


def file_of(module):
    """The module's file, or the archive that it is in, or None. A module that loads itself when somebody asks it for anything
    is not asked."""
    try:
        names = object.__getattribute__(module, '__dict__')
        archive = getattr(getattr(names.get('__spec__'), 'loader', None), 'archive', None)
        file = archive if isinstance(archive, str) else names.get('__file__')
        return file if isinstance(file, str) else None
    except Exception:
        return None


def bound_end(seconds):
    """Ends this process when its end takes long. A thread may run for ever, and the host that would kill it may be gone."""
    signal.signal(signal.SIGALRM, signal.SIG_DFL)
    signal.pthread_sigmask(signal.SIG_UNBLOCK, [signal.SIGALRM])
    signal.alarm(seconds)


def close_in_children(held):
    """A child must not hold what tells of its parent's end, nor report in its place. Its own children hold nothing."""
    os.register_at_fork(after_in_child=lambda: [os.close(held.pop()) for _ in list(held)])


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


