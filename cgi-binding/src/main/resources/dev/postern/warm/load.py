"""What a fork server and a reused worker share: how a Python script is loaded, and what of that cannot be the same for
each request. The interpreter reads this from its standard input, by -c.

The host has put assignments to preload, request_names, reset, learning and graceful in front. Descriptor 0 brings
commands, 1 takes reports:
  (load)                     ->  ready FILE FILE…, or !WHY it must not be served like this
"""
import atexit
import fcntl
import gc
import importlib.machinery
import io
import os
import select
import signal
import sys

LIBRARY = (os.path.dirname(os.__file__) + '/', '/usr/lib/python3/dist-packages/')
REDRAWN = 'multiprocessing.process'


class Loader:
    def __init__(self, path):
        self.path = path
        self.loaded_files = LoadedFiles()
        try:
            self.started_with = read_all('/proc/self/environ')
        except OSError:
            self.reports = 1
            self.refuse('the system does not let its pipes be opened by /proc')
        self.inherited = {fd: target(fd) for fd in descriptors()}
        self.commands, self.reports, self.log = self.own = [fcntl.fcntl(fd, fcntl.F_DUPFD_CLOEXEC, 61) for fd in (0, 1, 2)]
        if reset:
            for number in (signal.SIGHUP, signal.SIGQUIT, signal.SIGTERM, signal.SIGUSR1, signal.SIGUSR2,
                           signal.SIGALRM, signal.SIGCHLD):
                if signal.getsignal(number) == signal.SIG_IGN:
                    signal.signal(number, signal.SIG_DFL)
            if signal.getsignal(signal.SIGINT) == signal.SIG_IGN:
                signal.signal(signal.SIGINT, signal.default_int_handler)

    def refuse(self, why):
        os.write(self.reports, b'!' + os.fsencode(why).replace(b'\n', b' ').replace(b'\t', b' ') + b'\n')
        os._exit(0)

    # ---- load ----

    def load(self):
        # Who reads at load takes this byte; what is written at load stays in a pipe, as it would begin.
        read, write = os.pipe()
        os.write(write, b'x')
        os.close(write)
        os.dup2(read, 0)
        os.close(read)
        early_output, early_errors = self.early(1), self.early(2)
        self.set_path()
        self.make_main()
        try:
            with open(self.path, 'rb') as script:
                self.code = compile(script.read(), self.path, 'exec', dont_inherit=True)
        except (SyntaxError, ValueError, OSError) as error:
            self.refuse('it cannot be compiled: %s' % error)
        self.import_ahead()
        for stream in (sys.stdout, sys.stderr):
            if stream:
                stream.flush()
        if waiting(early_output):
            self.refuse('it writes its output while it loads')
        if os.read(0, 1) != b'x':
            self.refuse('it reads its input while it loads')
        if signal.getitimer(signal.ITIMER_REAL)[0]:
            self.refuse('it sets an alarm while it loads')
        self.said = waiting(early_errors)
        null = os.open('/dev/null', os.O_RDWR)
        os.dup2(null, 0)
        os.dup2(null, 1)
        os.dup2(self.log, 2)
        for fd in (null, early_output, early_errors):
            os.close(fd)
        why = self.unshared()
        if why:
            self.refuse(why)

    def unshared(self):
        """What no other process could have as this one has it; '' for nothing."""
        threads = len(os.listdir('/proc/self/task'))
        return 'it has %d threads after it has loaded' % threads if threads > 1 else ''

    def early(self, fd):
        read, write = os.pipe()
        os.dup2(write, fd)
        os.close(write)
        high = fcntl.fcntl(read, fcntl.F_DUPFD_CLOEXEC, 61)
        os.close(read)
        self.own.append(high)
        return high

    def set_path(self):
        """Lets the script's directory be the first to have modules, as the interpreter does. A program there may bear the name
        of a module of ours, so ours come before it. The script finds its own by that name, as ours are forgotten."""
        if preload:
            import random
            self.random = random
        self.own_path = list(sys.path)
        self.directory = None
        if sys.flags.isolated or getattr(sys.flags, 'safe_path', False):
            return
        self.directory = os.path.dirname(os.path.realpath(self.path))
        sys.path.insert(0, self.directory)
        self.forget_since(began_with)

    def forget_since(self, before):
        """Forgets modules that were imported since then, if the script's directory has one of that name."""
        if not self.directory:
            return
        for name in sys.modules.keys() - before:
            found = importlib.machinery.PathFinder.find_spec(name.partition('.')[0], [self.directory])
            if found and found.origin:
                del sys.modules[name]
        sys.path_importer_cache.pop(self.directory, None)

    def make_main(self):
        """The module that the interpreter makes for a script, and its arguments."""
        main = type(sys)('__main__')
        names = main.__dict__
        names.clear()
        names.update(__name__='__main__', __doc__=None, __package__=None,
                     __loader__=importlib.machinery.SourceFileLoader('__main__', self.path), __spec__=None, __annotations__={},
                     __builtins__=sys.modules['builtins'], __file__=self.path, __cached__=None)
        sys.modules['__main__'] = self.main = main
        sys.argv[:] = [self.path]
        if '-c' in getattr(sys, 'orig_argv', ()):
            at = sys.orig_argv.index('-c')
            sys.orig_argv[at:] = [self.path]

    def import_ahead(self):
        before = dict(pair.split(b'=', 1) for pair in self.started_with.split(b'\0') if b'=' in pair)
        if preload:
            self.import_modules()
        self.put = {name: value for name, value in os.environb.items() if before.get(name) != value}
        self.dropped = [name for name in before if name not in os.environb]

    def import_modules(self):
        environment, random, drop = EnvironmentWatch(), RandomWatch(self.random), []
        for pair in preload:
            # The host has a character for each byte.
            name, path = (os.fsdecode(text.encode('latin-1')) for text in pair)
            if name in sys.modules:
                continue
            try:
                __import__(name)
                ours = getattr(sys.modules[name], '__file__', None) or ''
            except BaseException:
                ours = None
            at_fault = environment.take() + random.take()
            if at_fault or ours is None or path and os.fsdecode(ours) != path:
                drop += [name, *at_fault]
            # What it has left is there for the next ones, too.
            if self.unshared():
                drop.append(name)
                break
        if drop:
            self.refuse('drop ' + ' '.join(drop))
        environment.end()
        random.end()

    def report_ready(self, *more):
        send(self.reports, self.loaded_files.line(b'ready', *more))

    # ---- the script ----

    def execute(self):
        """As the interpreter runs a script; what it raises is shown without our frames. Its exit status."""
        status = 0
        try:
            exec(self.code, self.main.__dict__)
        except SystemExit as error:
            status = exit_status(error)
        except BaseException as error:
            status = 1
            trace = error.__traceback__ and error.__traceback__.tb_next
            error.__traceback__ = trace
            sys.last_type, sys.last_value, sys.last_traceback = type(error), error, trace
            if sys.version_info >= (3, 12):
                sys.last_exc = error
            try:
                sys.excepthook(type(error), error, trace)
            except SystemExit as other:
                status = exit_status(other)
            except BaseException:
                sys.__excepthook__(*sys.exc_info())
            if isinstance(error, KeyboardInterrupt):
                status = -signal.SIGINT
            del error, trace
        return status

    def call_c(self, function, argument):
        """Calls a function of the C library, which has buffers of its own. The script may have a ctypes.py."""
        path, sys.path = sys.path, self.own_path
        try:
            import ctypes
            getattr(ctypes.PyDLL(None), function)(argument)
        except Exception:
            pass
        finally:
            sys.path = path


def clear(spaces):
    """Ends the objects of modules, as the interpreter does at its end. Their functions and classes, and what they have imported,
    are there until all other objects have ended: a __del__ may use them."""
    for last in (False, True):
        for names in spaces:
            for name in list(names):
                if name not in ('__builtins__', '__name__', '__spec__', '__loader__') and (last or not is_definition(names[name])):
                    names[name] = None
        gc.collect()


def is_definition(value):
    return callable(value) or type(value) is type(sys)


class Flush:
    def __init__(self):
        self.failed = False

    def standard(self):
        """False when the output could not be written, which is told once."""
        good = True
        for stream in (sys.stdout, sys.stderr):
            try:
                if stream is not None and not getattr(stream, 'closed', False):
                    stream.flush()
            except BaseException as error:
                if stream is sys.stdout and not self.failed:
                    self.failed, good = True, False
                    try:
                        sys.stderr.write('Exception ignored in: %r\n%s: %s\n' % (stream, type(error).__name__, error))
                    except BaseException:
                        pass
        return good

    def writers(self, early):
        for writer in gc.get_objects() + early:
            if isinstance(writer, (io.TextIOWrapper, io.BufferedWriter, io.BufferedRandom)):
                if writer is not sys.stdout and writer is not sys.stderr:
                    try:
                        writer.flush()
                    except Exception:
                        pass


class EnvironmentWatch:
    """Sees who asks for a variable that only a request has."""

    def __init__(self):
        self.asked = asked = {}
        base = type(os.environ)

        class Watched(base):
            def __getitem__(self, name):
                watch(name)
                return base.__getitem__(self, name)

            def __contains__(self, name):
                watch(name)
                return base.__contains__(self, name)

            def __iter__(self):
                for module in loading():
                    asked[module] = True
                return base.__iter__(self)

        def watch(name):
            name = os.fsdecode(name) if isinstance(name, bytes) else name
            if isinstance(name, str) and (name in request_names or name.startswith('HTTP_')):
                for module in loading():
                    asked[module] = True

        self.base = base
        os.environ.__class__ = os.environb.__class__ = Watched

    def take(self):
        """Who has asked since the last time."""
        asked = list(self.asked)
        self.asked.clear()
        return asked

    def end(self):
        os.environ.__class__ = os.environb.__class__ = self.base


class RandomWatch:
    """Sees who draws random numbers, or makes a generator that the system seeds: each child would have the same one. The
    module random seeds its own generator anew in each child, and redraw renews what REDRAWN has drawn."""

    def __init__(self, random):
        self.random, self.state, self.modules = random, random._inst.getstate(), {}
        places = ((os, 'urandom'), (os, 'getrandom'), (random, '_urandom'), (random.Random, 'seed'))
        self.real = [(owner, name, getattr(owner, name)) for owner, name in places]
        for owner, name, real in self.real:
            setattr(owner, name, self.watched_seed(real) if name == 'seed' else self.watched(real))

    def watched(self, real):
        def watched(*arguments, **named):
            self.note(loading())
            return real(*arguments, **named)

        return watched

    def watched_seed(self, real):
        def seed(generator, a=None, version=2):
            if a is None:
                self.note(loading())
            real(generator, a, version)

        return seed

    def note(self, modules):
        modules = list(modules)
        if modules[:1] != [REDRAWN]:
            self.modules.update(dict.fromkeys(modules, True))
            self.modules.setdefault('os', True)

    def take(self):
        """Who has drawn since the last time."""
        state = self.random._inst.getstate()
        drawn = list(self.modules) + ['random'] * (state != self.state)
        self.modules.clear()
        self.state = state
        return drawn

    def end(self):
        for owner, name, real in self.real:
            setattr(owner, name, real)


def redraw():
    """Gives this process a key of its own for connections with its children, as a new process has."""
    process = sys.modules.get(REDRAWN)
    if process:
        process.current_process().authkey = os.urandom(32)


def loading():
    """The modules that are being imported now, the innermost first."""
    frame = sys._getframe(2)
    while frame:
        name = frame.f_globals.get('__name__')
        if frame.f_code.co_name == '<module>' and name and name != '__main__':
            yield name
        frame = frame.f_back


def is_foreign(name, file):
    """Whether the module has C code that is not the interpreter's, which may write by the C library."""
    return name == '_ctypes' or bool(file) and file.endswith('.so') and '/lib-dynload/' not in file


def any_is_foreign(names):
    return any(is_foreign(name, file_of(sys.modules.get(name))) for name in names)


def is_library(name):
    file = getattr(sys.modules.get(name), '__file__', None)
    return file is None or file.startswith(LIBRARY)


def waiting(fd):
    """What is in a pipe now; at most 64 KiB fit."""
    return os.read(fd, 65536) if select.select([fd], [], [], 0)[0] else b''


def read_all(path):
    with open(path, 'rb') as file:
        return file.read()


def target(fd):
    try:
        return os.readlink('/proc/self/fd/%d' % fd)
    except OSError:
        return ''


def descriptors():
    return [int(name) for name in os.listdir('/proc/self/fd') if int(name) > 2 and os.path.lexists('/proc/self/fd/' + name)]


