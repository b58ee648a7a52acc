"""A fork server for one Python script. The interpreter reads this from its standard input, by -c.

The modules of `preload` are imported and the script is compiled once, here; the script itself runs in
children alone. The host has put assignments to preload, request_names, reset and learning in front.
Descriptor 0 brings commands, 1 takes reports, as fork.pl says.
"""
import atexit
import fcntl
import gc
import os
import select
import signal
import sys

OF_A_REQUEST = ('REQUEST_METHOD', 'REQUEST_URI', 'REQUEST_SCHEME', 'QUERY_STRING', 'CONTENT_TYPE', 'CONTENT_LENGTH',
                'PATH_INFO', 'PATH_TRANSLATED', 'SCRIPT_NAME', 'HTTPS')
FAMILIES = ('HTTP_', 'REMOTE_', 'SERVER_', 'SSL_', 'AUTH_', 'REDIRECT_')
LIBRARY = (os.path.dirname(os.__file__) + '/', '/usr/lib/python3/dist-packages/')
FORGOTTEN = os.WNOHANG


class Fault(BaseException):
    """A module that must not be loaded ahead."""


class Server:
    def __init__(self, path):
        self.path = path
        self.learning = learning
        self.inherited = {fd: target(fd) for fd in descriptors()}
        self.commands, self.reports, self.log = (fcntl.fcntl(fd, fcntl.F_DUPFD_CLOEXEC, 61) for fd in (0, 1, 2))
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
        threads = len(os.listdir('/proc/self/task'))
        if threads > 1:
            self.refuse('it has %d threads after it has loaded' % threads)
        self.find_files()

    def early(self, fd):
        read, write = os.pipe()
        os.dup2(write, fd)
        os.close(write)
        high = fcntl.fcntl(read, fcntl.F_DUPFD_CLOEXEC, 61)
        os.close(read)
        return high

    def make_main(self):
        """The module that the interpreter makes for a script, and its arguments."""
        from importlib.machinery import SourceFileLoader
        main = type(sys)('__main__')
        names = main.__dict__
        names.clear()
        names.update(__name__='__main__', __doc__=None, __package__=None,
                     __loader__=SourceFileLoader('__main__', self.path), __spec__=None, __annotations__={},
                     __builtins__=sys.modules['builtins'], __file__=self.path, __cached__=None)
        sys.modules['__main__'] = self.main = main
        sys.argv[:] = [self.path]
        if hasattr(sys, 'orig_argv'):
            at = sys.orig_argv.index('-c')
            sys.orig_argv[at:] = [self.path]
        if not (sys.flags.isolated or getattr(sys.flags, 'safe_path', False)):
            sys.path[0] = os.path.dirname(os.path.realpath(self.path))

    def import_ahead(self):
        environment = EnvironmentWatch()
        random = RandomWatch(bool(preload))
        before = dict(pair.split(b'=', 1) for pair in read_all('/proc/self/environ').split(b'\0') if b'=' in pair)
        for name, path in preload:
            if name in sys.modules:
                continue
            try:
                __import__(name)
                ours = getattr(sys.modules[name], '__file__', None)
            except BaseException:
                ours = None
            if ours is None or os.fsdecode(ours) != path:
                self.refuse('drop ' + name)
            if environment.asked or random.drawn():
                self.refuse('drop ' + ' '.join([name] + list(environment.asked) + list(random.modules)))
        if environment.asked or random.drawn():
            self.refuse('it asks for what only a request has while it loads')
        environment.end()
        random.end()
        self.put = {name: value for name, value in os.environb.items() if before.get(name) != value}
        self.dropped = [name for name in before if name not in os.environb]

    def find_files(self):
        """Regular files that are open: each child needs an offset of its own. Connections cannot be shared."""
        self.files = []
        for fd in descriptors():
            to = target(fd)
            if fd in (self.commands, self.reports, self.log) or self.inherited.get(fd) == to:
                continue
            if to.startswith(('socket:', 'pipe:', 'anon_inode:')):
                self.refuse('it has %s open after it has loaded' % to)
            if os.path.isfile('/proc/self/fd/%d' % fd):
                info = dict(line.split(':', 1) for line in read_all('/proc/self/fdinfo/%d' % fd).decode().splitlines())
                self.files.append((fd, int(info['flags'], 8), int(info['pos'])))

    # ---- serving ----

    def serve(self):
        """Returns in each child, when it has its request."""
        files = (getattr(module, '__file__', None) for module in list(sys.modules.values()))
        shown = [os.fsencode(file) for file in files if file and not any(c in file for c in '\t\n')]
        self.loaded = set(sys.modules)
        self.kept = {name for name in self.loaded if is_library(name)}
        self.pid = os.getpid()
        gc.collect()
        self.writers = [o for o in gc.get_objects() if type(o).__name__ in ('TextIOWrapper', 'BufferedWriter', 'BufferedRandom')
                        and o is not sys.stdout and o is not sys.stderr]
        gc.freeze()
        send(self.reports, b'\t'.join([b'ready'] + shown) + b'\n')
        life_read, life_write = os.pipe()
        rest, gone = b'', set()
        while True:
            more = os.read(self.commands, 4096)
            if not more:
                os._exit(0)
            *lines, rest = (rest + more).split(b'\n')
            for line in lines:
                if line.startswith(b'r '):
                    gone.add(int(line[2:]))
                elif line == b'q':
                    self.learning = False
                elif line == b'f':
                    try:
                        child = os.fork()
                    except OSError as error:
                        os.write(self.reports, b'!fork: %s\n' % os.fsencode(str(error.strerror)))
                        continue
                    if not child:
                        os.close(self.commands)
                        os.close(life_write)
                        self.begin(life_read)
                        return
            for pid in list(gone):
                try:
                    if os.waitpid(pid, FORGOTTEN)[0]:
                        gone.discard(pid)
                except ChildProcessError:
                    gone.discard(pid)

    def begin(self, life):
        os.setsid()
        (input, input_end), (output_end, output), (errors_end, errors), (control, control_end) = (os.pipe() for _ in range(4))
        os.write(self.reports, b'%d %d %d %d %d\n' % (os.getpid(), input_end, output_end, errors_end, control_end))
        os.close(self.reports)
        request, length = b'', None
        while length is None or len(request) < length:
            ready = select.select([control, life], [], [])[0]
            if life in ready:
                # Before its request, and all of it is left in the pipe: the host sees that, and runs it otherwise.
                os._exit(0)
            more = os.read(control, 65536)
            if not more:
                os._exit(0)
            request += more
            if length is None and b':' in request:
                head, _, request = request.partition(b':')
                length = int(head)
        for fd in (input_end, output_end, errors_end, control, control_end, life):
            os.close(fd)
        how, *variables = request.split(b'\0')
        if how[:1] == b'p':
            os.dup2(input, 0)
        os.dup2(output, 1)
        os.dup2(errors, 2)
        for fd in (input, output, errors, self.log):
            os.close(fd)
        if how[1:]:
            self.enter_group(how[1:])
        for fd, flags, position in self.files:
            own = os.open('/proc/self/fd/%d' % fd, flags & ~(os.O_CREAT | os.O_EXCL | os.O_TRUNC))
            os.lseek(own, position, 0)
            os.dup2(own, fd, flags & os.O_CLOEXEC == 0)
            os.close(own)
        environment = dict(variable.split(b'=', 1) for variable in variables if variable)
        environment.update(self.put)
        for name in self.dropped:
            environment.pop(name, None)
        os.environ.clear()
        for name, value in environment.items():
            os.environb[name] = value
        if self.said:
            send(2, self.said)

    def enter_group(self, file):
        """The control group of this request, before anything of the script runs."""
        try:
            with open(file, 'wb', 0) as group:
                group.write(b'%d\n' % os.getpid())
        except OSError as error:
            os.write(2, b'postern: control group must be entered: %s\n' % os.fsencode(str(error.strerror)))
            os._exit(126)

    # ---- the script ----

    def run(self):
        """As the interpreter runs a script; what it raises is shown without our frames."""
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
        if self.learning:
            self.tell()
        sys.last_type = sys.last_value = sys.last_traceback = sys.last_exc = None
        self.finish(status)

    def tell(self):
        """What this child had loaded beyond its server, by the server's own descriptor."""
        try:
            report = os.open('/proc/%d/fd/%d' % (self.pid, self.reports), os.O_WRONLY | os.O_NONBLOCK)
            try:
                names = []
                for name, module in list(sys.modules.items()):
                    file = getattr(module, '__file__', None)
                    spec = getattr(module, '__spec__', None)
                    if name in self.loaded or not file or spec is None or spec.name != name:
                        continue
                    if not any(c in name + file for c in '= \t\n'):
                        names.append(name + '=' + file)
                while names:
                    os.write(report, os.fsencode('+ %d %s\n' % (os.getpid(), ' '.join(names[:12]))))
                    del names[:12]
                os.write(report, b'+ %d .\n' % os.getpid())
            finally:
                os.close(report)
        except Exception:
            pass

    def finish(self, status):
        """What the interpreter does at its end, as far as anybody can see it: a whole end costs twice the request."""
        threading = sys.modules.get('threading')
        if threading:
            try:
                threading._shutdown()
            except BaseException:
                pass
        atexit._run_exitfuncs()
        flushed = Flush()
        if not flushed.standard():
            status = 120
        names = self.main.__dict__
        for private in (True, False):
            for name in list(names):
                is_private = name[0] == '_' and name[1:2] != '_'
                if is_private == private and name != '__builtins__':
                    names[name] = None
        for name, module in list(sys.modules.items()):
            if name in self.kept or name == '__main__' or is_library(name):
                continue
            try:
                for attribute in list(module.__dict__):
                    if attribute not in ('__builtins__', '__name__', '__spec__', '__loader__'):
                        module.__dict__[attribute] = None
            except Exception:
                pass
        gc.collect()
        flushed.writers(self.writers)
        if not flushed.standard():
            status = 120
        if status < 0:
            signal.signal(signal.SIGINT, signal.SIG_DFL)
            os.kill(os.getpid(), signal.SIGINT)
        os._exit(status)


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
        import io
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
            if isinstance(name, str) and (name in OF_A_REQUEST or name in request_names
                                          or name.startswith(FAMILIES) and name != 'SERVER_SOFTWARE'):
                for module in loading():
                    asked[module] = True

        self.base = base
        os.environ.__class__ = Watched

    def end(self):
        os.environ.__class__ = self.base


class RandomWatch:
    """Sees who draws random numbers. The random module seeds itself anew in each child, but not what was drawn."""

    def __init__(self, needed):
        self.modules = {}
        self.state = None
        if needed:
            import random
            self.state = random._inst.getstate()
        self.real = os.urandom

        def watched(size):
            for module in loading():
                self.modules[module] = True
            self.modules.setdefault('os', True)
            return self.real(size)

        os.urandom = watched

    def drawn(self):
        random = sys.modules.get('random')
        return bool(self.modules) or self.state is not None and random._inst.getstate() != self.state

    def end(self):
        os.urandom = self.real


def loading():
    """The modules that are being imported now, the innermost first."""
    frame = sys._getframe(2)
    while frame:
        name = frame.f_globals.get('__name__')
        if frame.f_code.co_name == '<module>' and name and name != '__main__':
            yield name
        frame = frame.f_back


def exit_status(error):
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


def is_library(name):
    file = getattr(sys.modules.get(name), '__file__', None)
    return file is None or file.startswith(LIBRARY)


def waiting(fd):
    """What is in a pipe now; at most 64 KiB fit."""
    return os.read(fd, 65536) if select.select([fd], [], [], 0)[0] else b''


def send(fd, data):
    while data:
        data = data[os.write(fd, data):]


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


server = Server(sys.argv[1])
server.load()
server.serve()
server.run()
