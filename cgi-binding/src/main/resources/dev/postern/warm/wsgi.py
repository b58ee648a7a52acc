"""A worker for a WSGI application (PEP 3333): one request at a time, as long as its host wants.

The host has put assignments to file, callable_name, reset and graceful in front. Descriptor 0 is open while the host
wants the worker, 1 takes reports:
  (load)                   ->  ready FILE FILE…, or !WHY
  (free for a request)     ->  PID INPUT OUTPUT ERRORS CONTROL
  (a request has ended)    ->  m FILE FILE…, if new files were loaded; then = PID STATUS, as wait(2) would have it
"""
import _thread
import fcntl
import importlib.machinery
import importlib.util
import io
import os
import re
import signal
import sys
import traceback

HOP_BY_HOP = {'connection', 'keep-alive', 'proxy-authenticate', 'proxy-authorization', 'te', 'trailers',
              'transfer-encoding', 'upgrade'}
CONTROL = re.compile('[\x00-\x08\x0a-\x1f\x7f]')
CUT = signal.SIGABRT


def main():
    worker = os.getpid()
    commands, reports, log = (fcntl.fcntl(fd, fcntl.F_DUPFD_CLOEXEC, 61) for fd in (0, 1, 2))
    held = [commands, reports]
    close_in_children(held)
    if reset and signal.getsignal(signal.SIGINT) == signal.SIG_IGN:
        signal.signal(signal.SIGINT, signal.default_int_handler)
    null = os.open('/dev/null', os.O_RDWR | os.O_CLOEXEC)

    def rest():
        """What is no request's reads nothing, and writes to the log."""
        os.dup2(null, 0)
        os.dup2(log, 1)
        os.dup2(log, 2)

    rest()
    sys.argv[:] = [file]
    sys.path.insert(0, os.path.dirname(os.path.realpath(file)))
    try:
        application = load()
    except BaseException as error:
        end_child(worker, error)
        why = traceback.format_exception_only(type(error), error)[-1].strip()
        send(reports, b'!' + os.fsencode(why).replace(b'\n', b' ') + b'\n')
        os._exit(1)
    end_child(worker)
    end_in_order(worker, null, commands)
    files = LoadedFiles()
    send(reports, files.line(b'ready', file))
    over = b''
    while True:
        try:
            (input, input_end), (output_end, output), (errors_end, errors), (control, control_end) = (os.pipe() for _ in range(4))
        except OSError:
            send(reports, over)
            bound_end(graceful)
            raise
        # The end of the last request with it: its host is woken once.
        send(reports, over + b'%d %d %d %d %d\n' % (os.getpid(), input_end, output_end, errors_end, control_end))
        request = receive(control, commands)
        if request is None:
            break
        how, *variables = request.split(b'\0')
        os.dup2(input if how[:1] == b'p' else null, 0)
        os.dup2(errors, 1)
        os.dup2(errors, 2)
        for fd in (input, input_end, output_end, errors, errors_end, control, control_end):
            os.close(fd)
        # The response ends when nobody holds this any more.
        held.append(output)
        turn = Turn(worker, variables, how[:1] == b'p', output)
        status = turn.run(application)
        end_child(worker)
        turn.end()
        rest()
        held.remove(output)
        os.close(output)
        over = files.line(b'm') + b'= %d %d\n' % (os.getpid(), status)
    # An ordinary end, with all that atexit and threads have to say.
    bound_end(graceful)
    sys.exit(0)


def load():
    # Other modules may import the file. By the same name they may mean a package, such as app/ beside app.wsgi.
    name = os.path.basename(file).partition('.')[0]
    found = importlib.machinery.PathFinder.find_spec(name)
    if name in sys.modules or not (found and found.origin and os.path.realpath(found.origin) == os.path.realpath(file)):
        name = '_postern_' + re.sub(r'\W', '_', os.path.basename(file))
    loader = importlib.machinery.SourceFileLoader(name, file)
    module = importlib.util.module_from_spec(importlib.util.spec_from_loader(name, loader))
    sys.modules[name] = module
    loader.exec_module(module)
    application = getattr(module, callable_name)
    if not callable(application):
        raise TypeError('%s must be callable' % callable_name)
    return application


def end_in_order(worker, null, commands):
    """A service manager may signal all processes of a service to end. The worker then answers the request that it has, and ends
    as if the host wanted no more. A child of the application ends at once."""

    def stop(number, frame):
        if os.getpid() == worker:
            os.dup2(null, commands, False)

    def block():
        masks[_thread.get_ident()] = signal.pthread_sigmask(signal.SIG_BLOCK, former)

    def unblock():
        signal.pthread_sigmask(signal.SIG_SETMASK, masks.pop(_thread.get_ident()))

    def begin_child():
        for number, handler in former.items():
            if signal.getsignal(number) is stop:
                signal.signal(number, handler)
        unblock()

    former, masks = {}, {}
    for number in (signal.SIGHUP, signal.SIGINT, signal.SIGTERM):
        if signal.getsignal(number) in (signal.SIG_DFL, signal.default_int_handler):
            former[number] = signal.signal(number, stop)
            signal.siginterrupt(number, False)
    # Python drops what comes to a child before it has begun, as one that is ended at once.
    os.register_at_fork(before=block, after_in_parent=unblock, after_in_child=begin_child)


def end_child(worker, error=None):
    """Ends a child that the application has forked, and that has come back here: only the worker answers and reports."""
    if os.getpid() == worker:
        return
    status = 0
    if isinstance(error, SystemExit):
        status = exit_status(error)
    elif error is not None:
        traceback.print_exc()
        status = 1
    flush()
    os._exit(status)


class ClientGone(BrokenPipeError):
    """Raised by Turn.write alone: an application may meet a broken pipe of its own."""


class Turn:
    """One request: what is written to the host is what a CGI program would write. An application may keep the streams. Who
    writes to kept errors writes to those of the request that runs then; the rest is for this request alone."""

    def __init__(self, worker, variables, has_body, output):
        self.worker = worker
        self.output = output
        self.head = None
        self.sent = False
        environ = {}
        for variable in variables:
            if variable:
                name, _, value = variable.partition(b'=')
                environ[name.decode('latin-1')] = value.decode('latin-1')
        for name in ('SCRIPT_NAME', 'PATH_INFO', 'QUERY_STRING'):
            environ.setdefault(name, '')
        self.errors = io.TextIOWrapper(io.FileIO(2, 'w', closefd=False), encoding='utf-8', errors='backslashreplace',
                                       line_buffering=True)
        self.input = io.FileIO(0, 'r', closefd=False)
        body = io.BufferedReader(self.input) if has_body else io.BytesIO()
        environ.update({
            'wsgi.version': (1, 0),
            'wsgi.url_scheme': 'https' if environ.get('HTTPS') == 'on' else environ.get('REQUEST_SCHEME', 'http'),
            'wsgi.input': body,
            'wsgi.input_terminated': True,
            'wsgi.errors': self.errors,
            'wsgi.multithread': False,
            'wsgi.multiprocess': True,
            'wsgi.run_once': False,
        })
        self.environ = environ

    def run(self, application):
        try:
            result = application(self.environ, self.start_response)
            try:
                for block in result:
                    if block:
                        self.write(block)
                if not self.sent:
                    self.write(b'')
            finally:
                self.close(result)
            return 0
        except ClientGone:
            return 0
        except BaseException as error:
            end_child(self.worker, error)
            traceback.print_exc(file=self.errors)
            return self.fail()

    def end(self):
        # Without its lock, which a thread may hold that still reads.
        self.input.close()
        self.output = -1
        flush(self.errors)

    def close(self, result):
        """A response that was sent whole stays so, whatever its end raises."""
        try:
            if hasattr(result, 'close'):
                result.close()
        except BaseException as error:
            end_child(self.worker, error)
            traceback.print_exc(file=self.errors)

    def fail(self):
        if self.sent:
            return CUT
        try:
            self.head = ('500 Internal Server Error', [('Content-Type', 'text/plain')])
            self.write(b'Internal Server Error\n')
            return 0
        except OSError:
            return CUT

    def start_response(self, status, headers, exc_info=None):
        if exc_info:
            try:
                if self.sent:
                    raise exc_info[1].with_traceback(exc_info[2])
            finally:
                exc_info = None
        elif self.head is not None:
            raise AssertionError('start_response must be called once without exc_info')
        if not isinstance(status, str) or not re.match('[0-9]{3}.', status) or CONTROL.search(status):
            raise ValueError('status must be a number and a reason: %r' % (status,))
        for name, value in headers:
            if CONTROL.search(name + value) or name.lower() in HOP_BY_HOP:
                raise ValueError('header must be one that an application may send: %r' % (name,))
        self.head = (status, list(headers))
        return self.write

    def write(self, block):
        if not isinstance(block, bytes):
            raise TypeError('block must be bytes: %s' % type(block).__name__)
        if self.head is None:
            raise AssertionError('start_response must be called before the body')
        if os.getpid() != self.worker:
            sys.exit()
        if not self.sent:
            status, headers = self.head
            lines = ['Status: ' + status] + ['%s: %s' % header for header in headers]
            block = ('\r\n'.join(lines) + '\r\n\r\n').encode('latin-1') + block
            self.sent = True
        try:
            send(self.output, block)
        except BrokenPipeError as error:
            raise ClientGone(*error.args) from None


def flush(*more):
    for stream in (sys.stdout, sys.stderr, *more):
        try:
            stream.flush()
        except Exception:
            pass


main()
