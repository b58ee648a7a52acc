"""A worker that runs one Python script again and again in one process, after load.py: in a new __main__ each time. After
each request what can be put back is, and what is left is told. Reports are those of reuse.pl.
"""
import io
import warnings


class Exits:
    """Functions for the end of a request. What a module registers while it is imported is for the end of the process."""

    def __init__(self):
        self.functions = []
        self.register, self.unregister = atexit.register, atexit.unregister
        atexit.register, atexit.unregister = self.add, self.remove

    def add(self, function, *arguments, **named):
        if any(True for _ in loading()):
            return self.register(function, *arguments, **named)
        self.functions.append((function, arguments, named))
        return function

    def remove(self, function):
        self.functions = [entry for entry in self.functions if entry[0] != function]
        self.unregister(function)

    def run(self):
        while self.functions:
            function, arguments, named = self.functions.pop()
            try:
                function(*arguments, **named)
            except BaseException:
                sys.excepthook(*sys.exc_info())


class Worker(Loader):
    def prepare(self):
        """Takes down what each request begins with."""
        self.exits = Exits()
        close_in_children([self.commands, self.reports])
        self.directory, self.umask = os.getcwd(), os.umask(0)
        os.umask(self.umask)
        self.argv, self.path_list = list(sys.argv), list(sys.path)
        self.signals = {number: signal.getsignal(number) for number in signal.valid_signals()}
        self.blocked = signal.pthread_sigmask(signal.SIG_BLOCK, [])
        self.before = {'limits': self.limits()}
        self.filters, self.hooks = list(warnings.filters), (sys.excepthook, sys.displayhook, sys.getrecursionlimit())
        self.forms = [(s.encoding, s.errors, s.line_buffering, s.write_through, isinstance(s.buffer, io.FileIO))
                      for s in (sys.stdin, sys.stdout, sys.stderr)]
        self.known, self.foreign = 0, False
        self.report_ready(self.path)
        self.before = self.look()

    def serve(self):
        over = b''
        while True:
            try:
                pipes = (input, input_end), (output_end, output), (errors_end, errors), (control, control_end) = [os.pipe() for _ in range(4)]
            except OSError:
                send(self.reports, over)
                bound_end(graceful)
                raise
            # The end of the last request with it: its host is woken once.
            send(self.reports, over + b'%d %d %d %d %d\n' % (os.getpid(), input_end, output_end, errors_end, control_end))
            request = receive(control, self.commands)
            if request is None:
                bound_end(graceful)
                sys.exit(0)
            how, *variables = request.split(b'\0')
            os.dup2(input, 0) if how[:1] == b'p' else self.put_null(0)
            os.dup2(output, 1)
            os.dup2(errors, 2)
            for pipe in pipes:
                for fd in pipe:
                    os.close(fd)
            self.begin(variables)
            worker = os.getpid()
            status = self.run()
            if os.getpid() != worker:
                os._exit(status & 0xFF)
            left = self.end()
            over = self.loaded_files.line(b'm') + os.fsencode(' '.join(['=', str(worker), str(status << 8), *left])) + b'\n'

    def begin(self, variables):
        environment = dict(variable.split(b'=', 1) for variable in variables if variable)
        environment.update(self.put)
        for name in self.dropped:
            environment.pop(name, None)
        os.environ.clear()
        for name, value in environment.items():
            os.environb[name] = value
        if self.said:
            send(2, self.said)
        self.streams = []
        # New streams, as buffers of the last request may hold what was never read or written.
        sys.stdin, sys.stdout, sys.stderr = (self.stream(fd) for fd in (0, 1, 2))
        sys.__stdin__, sys.__stdout__, sys.__stderr__ = sys.stdin, sys.stdout, sys.stderr
        sys.argv[:], sys.path[:] = self.argv, self.path_list
        self.make_main()

    def stream(self, fd):
        encoding, errors, lines, through, unbuffered = self.forms[fd]
        raw = io.FileIO(fd, 'w' if fd else 'r', closefd=False)
        raw.name = ('<stdin>', '<stdout>', '<stderr>')[fd]
        buffer = io.BufferedReader(raw) if not fd else raw if unbuffered else io.BufferedWriter(raw)
        stream = io.TextIOWrapper(buffer, encoding=encoding, errors=errors, newline=None if not fd else '\n',
                                  line_buffering=lines, write_through=through)
        stream.mode = 'w' if fd else 'r'
        if fd:
            self.streams.append((stream, raw))
        return stream

    def run(self):
        status = self.execute()
        threading = sys.modules.get('threading')
        if threading:
            for thread in threading.enumerate():
                if thread is not threading.current_thread() and not thread.daemon:
                    thread.join()
        self.exits.run()
        sys.last_type = sys.last_value = sys.last_traceback = sys.last_exc = None
        flushed = Flush()
        good = flushed.standard()
        clear([self.main.__dict__])
        good = flushed.standard() and good
        if len(sys.modules) != self.known:
            self.known, self.foreign = len(sys.modules), any_is_foreign(list(sys.modules))
        if self.foreign:
            self.call_c('fflush', None)
        if status < 0:
            signal.signal(signal.SIGINT, signal.SIG_DFL)
            os.kill(os.getpid(), signal.SIGINT)
        return status if good else 120

    def put_null(self, fd):
        null = os.open('/dev/null', os.O_RDWR)
        if null != fd:
            os.dup2(null, fd)
            os.close(null)

    def end(self):
        """Puts back what can be, and tells what cannot."""
        signal.setitimer(signal.ITIMER_REAL, 0)
        # What could not be written is not for the next request. Who has kept a stream, as handlers of logging do, writes
        # to that of the request which runs then.
        for stream, raw in self.streams:
            try:
                stream.flush()
            except BaseException:
                raw.close()
        for fd in (0, 1):
            self.put_null(fd)
        os.dup2(self.log, 2)
        os.environ.clear()
        self.unblock()
        for number, handler in self.signals.items():
            if number not in (signal.SIGKILL, signal.SIGSTOP) and signal.getsignal(number) is not handler:
                try:
                    signal.signal(number, handler)
                except (OSError, TypeError, ValueError):
                    pass
        os.chdir(self.directory)
        os.umask(self.umask)
        if warnings.filters != self.filters:
            warnings.filters[:] = self.filters
            warnings._filters_mutated()
        sys.excepthook, sys.displayhook, limit = self.hooks
        sys.setrecursionlimit(limit)
        left = []
        try:
            while os.waitpid(-1, os.WNOHANG)[0]:
                pass
            left.append('child')
        except ChildProcessError:
            pass
        now = self.look()
        left += [name for name in now if self.before.get(name) != now[name]]
        self.before = now
        left = [''.join(c if '!' <= c <= '~' else '_' for c in name) for name in left]
        return left[:20] + ['...'] if len(left) > 20 else left

    def unblock(self):
        """Restores which signals are blocked. One that waits is dropped, as at the end of a process."""
        if signal.pthread_sigmask(signal.SIG_BLOCK, []) == self.blocked:
            return
        for number in signal.sigpending():
            handler = signal.signal(number, signal.SIG_IGN)
            if handler is not None:
                signal.signal(number, handler)
        signal.pthread_sigmask(signal.SIG_SETMASK, self.blocked)

    def limits(self):
        try:
            with open('/proc/self/limits', 'rb') as limits:
                return limits.read()
        except OSError:
            return b''

    def look(self):
        """What belongs to the process, which comes first as it ends the worker; what modules of the site hold, by values or sizes."""
        seen = {
            'limits': self.limits() if 'resource' in sys.modules else self.before['limits'],
            'priority': os.getpriority(os.PRIO_PROCESS, 0),
            'user': os.getresuid() + os.getresgid(),
        }
        for fd in descriptors():
            if fd not in (self.commands, self.reports, self.log):
                to = target(fd)
                if to:
                    seen['fd:%d' % fd] = to
        # The kernel counts a link for each thread.
        threads = 1 if os.stat('/proc/self/task').st_nlink == 3 else len(os.listdir('/proc/self/task'))
        if threads > 1:
            seen['thread:%d' % threads] = True
        for name, module in list(sys.modules.items()):
            if name == '__main__' or is_library(name):
                continue
            seen['module:' + name] = True
            for attribute, value in list(getattr(module, '__dict__', {}).items()):
                if attribute[:2] != '__':
                    seen[name + '.' + attribute] = self.shape(value)
        if sys.path != self.path_list:
            seen['sys.path'] = tuple(sys.path)
        return seen

    def shape(self, value):
        if value is None or isinstance(value, (bool, int, float, str, bytes)):
            return type(value), value
        try:
            return id(value), 0 if callable(value) else len(value)
        except Exception:
            return id(value), 0


worker = Worker(sys.argv[1])
worker.load()
worker.prepare()
worker.serve()
