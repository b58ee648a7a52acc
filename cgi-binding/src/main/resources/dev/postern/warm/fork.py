"""A fork server for one Python script, after load.py: its modules are imported and it is compiled once, and it runs in
children alone. Commands and reports are those of fork.pl.
"""


class Server(Loader):
    def __init__(self, path):
        super().__init__(path)
        self.learning = learning

    def opened(self):
        """What load has opened."""
        for fd in descriptors():
            to = target(fd)
            if fd not in self.own and self.inherited.get(fd) != to:
                yield fd, to

    def unshared(self):
        """What children cannot share with each other: connections, threads and children of their server."""
        for fd, to in self.opened():
            if to.startswith(('socket:', 'pipe:', 'anon_inode:')):
                return 'it has %s open after it has loaded' % to
            # Each run would make it, or empty it, anew.
            if os.path.isfile('/proc/self/fd/%d' % fd) and open_file(fd)[0] & os.O_ACCMODE != os.O_RDONLY:
                return 'it has %s open for writing after it has loaded' % to
        try:
            os.waitpid(-1, os.WNOHANG)
            return 'it has a child of its own after it has loaded'
        except ChildProcessError:
            return super().unshared()

    def find_files(self):
        """Regular files that are open: each child needs an offset of its own."""
        self.files = []
        for fd, _ in self.opened():
            if os.path.isfile('/proc/self/fd/%d' % fd):
                self.files.append((fd, *open_file(fd)))

    # ---- serving ----

    def serve(self):
        """Returns in each child, when it has its request."""
        self.foreign = any_is_foreign(list(sys.modules))
        if self.foreign:
            self.import_ctypes()
        self.loaded = set(sys.modules)
        self.kept = {name for name in self.loaded if is_library(name)}
        # A child that looks at a module changes its count of references, so that the kernel copies a page.
        self.own_modules = [name for name in sys.modules if name not in self.kept]
        self.path_list = list(sys.path)
        self.pid = os.getpid()
        # A module may ignore the ends of children, or reap all. The children get its handler; the server must keep those that
        # have ended until the host asks for their statuses.
        handlers = {signal.SIGCHLD: signal.getsignal(signal.SIGCHLD)}
        if handlers[signal.SIGCHLD] in (None, signal.SIG_DFL):
            handlers.clear()
        else:
            signal.signal(signal.SIGCHLD, signal.SIG_DFL)
        # A service manager may signal all processes of a service to end. The server goes on, as children and the host need it,
        # and so do children until they have their requests.
        for stop in (signal.SIGHUP, signal.SIGINT, signal.SIGTERM):
            if signal.getsignal(stop) in (signal.SIG_DFL, signal.default_int_handler):
                handlers[stop] = signal.signal(stop, signal.SIG_IGN)
        self.report_ready()
        gc.collect()
        # With the standard streams, in whose place a script may put others.
        self.writers = [o for o in gc.get_objects() if type(o).__name__ in ('TextIOWrapper', 'BufferedWriter', 'BufferedRandom')]
        gc.freeze()
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
                elif line.startswith(b's '):
                    os.write(self.reports, b'= %d %d\n' % self.ended(int(line[2:])))
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
                        for number, handler in handlers.items():
                            signal.signal(number, handler)
                        return
            for pid in list(gone):
                try:
                    if os.waitpid(pid, os.WNOHANG)[0]:
                        gone.discard(pid)
                except ChildProcessError:
                    gone.discard(pid)

    def import_ctypes(self):
        """Each child needs it for call_c, at its end."""
        before = set(sys.modules)
        path, sys.path = sys.path, self.own_path
        try:
            import ctypes
        except Exception:
            pass
        finally:
            sys.path = path
        self.forget_since(before)

    def ended(self, pid):
        """How a child has ended; -1 when it has not."""
        try:
            ended, status = os.waitpid(pid, os.WNOHANG)
        except ChildProcessError:
            ended = 0
        return pid, status if ended else -1

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
        # As os.environ.clear() and os.environb[name], which take many steps for each variable and so touch more pages.
        data = os.environ._data
        for name in data:
            os.unsetenv(name)
        data.clear()
        for name, value in environment.items():
            os.putenv(name, value)
        data.update(environment)
        redraw()
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

    def run(self):
        status = self.execute()
        if self.learning:
            self.tell()
        sys.last_type = sys.last_value = sys.last_traceback = sys.last_exc = None
        self.finish(status)

    def tell(self):
        """What this child had loaded beyond its server, by the server's own descriptor. If the script looks for modules elsewhere
        first, each request may have others."""
        try:
            report = os.open('/proc/%d/fd/%d' % (self.pid, self.reports), os.O_WRONLY | os.O_NONBLOCK)
            try:
                names, as_here = [], sys.path[:len(self.path_list)] == self.path_list
                for name, module in list(sys.modules.items()):
                    file = getattr(module, '__file__', None)
                    spec = getattr(module, '__spec__', None)
                    if name in self.loaded or not file or spec is None or spec.name != name or not (as_here or is_library(name)):
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
        """What the interpreter does at its end, as far as anybody can see it: a whole end costs twice the request. C code of
        others sees more: functions of atexit(3) and buffers of the C library."""
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
        spaces = [self.main.__dict__]
        names, foreign = self.own_modules, self.foreign
        if len(sys.modules) != len(self.loaded):
            names = list(sys.modules)
            foreign = foreign or any_is_foreign(set(names) - self.loaded)
        for name in names:
            module = sys.modules.get(name)
            if name in self.kept or name == '__main__' or is_library(name):
                continue
            space = getattr(module, '__dict__', None)
            if type(space) is dict:
                spaces.append(space)
        clear(spaces)
        flushed.writers(self.writers)
        if not flushed.standard():
            status = 120
        if status < 0:
            signal.signal(signal.SIGINT, signal.SIG_DFL)
            os.kill(os.getpid(), signal.SIGINT)
        if foreign:
            self.call_c('exit', status)
        os._exit(status)


def open_file(fd):
    """Its flags and its position."""
    info = dict(line.split(':', 1) for line in read_all('/proc/self/fdinfo/%d' % fd).decode().splitlines())
    return int(info['flags'], 8), int(info['pos'])


server = Server(sys.argv[1])
server.load()
server.find_files()
server.serve()
server.run()
