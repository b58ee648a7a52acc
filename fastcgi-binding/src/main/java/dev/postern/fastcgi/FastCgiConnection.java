package dev.postern.fastcgi;

import dev.postern.Environ;
import dev.postern.Exchange;
import dev.postern.fastcgi.server.Connection;
import dev.postern.fastcgi.server.Server;
import dev.postern.fastcgi.server.ServerVariables;
import dev.postern.fastcgi.server.Settings;
import dev.postern.fastcgi.wire.NameValuePairs;
import dev.postern.fastcgi.wire.ProtocolException;
import dev.postern.fastcgi.wire.RecordHeader;
import dev.postern.fastcgi.wire.RecordInput;
import dev.postern.fastcgi.wire.Records;
import dev.postern.gateway.BodyAhead;
import dev.postern.gateway.ProcessVariables;
import java.io.EOFException;
import java.io.IOException;
import java.io.InputStream;
import java.io.PrintWriter;
import java.net.SocketTimeoutException;
import java.nio.channels.SocketChannel;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.BooleanSupplier;
import org.jspecify.annotations.Nullable;

/**
 * A connection from a web server, with one request at a time. The connection's own thread reads the
 * variables and runs the application. Only one thread at a time reads records. Between requests
 * this is the connection's own thread. During a request it is a second one. The second reader is
 * started when the application waits for its body, or when the request takes so long that it is
 * worth noticing an abort.
 */
final class FastCgiConnection extends Connection {
  /**
   * The size of the input buffer, which a connection keeps all its life. A usual request with its
   * variables fits.
   */
  private static final int INPUT = 4 * 1024;

  private static final long FIRST_RECORD_NANOS = TimeUnit.SECONDS.toNanos(30);

  /**
   * How long an idle connection lives on when it must end. The thread that reads needs a moment to
   * tell that a request has come.
   */
  private static final long IDLE_NANOS = TimeUnit.MILLISECONDS.toNanos(100);

  private static final long WATCH_AFTER_NANOS = TimeUnit.MILLISECONDS.toNanos(40);

  private final Settings settings;
  private final RecordInput in;
  private final RecordOutput out = new RecordOutput(this::write);
  private final ReentrantLock lock = new ReentrantLock();
  private final Condition changed = lock.newCondition();

  // The lock guards the next six fields, and changes of the two after them. It guards them
  // together with the time that the connection has left.
  private @Nullable FastCgiRequest request;
  private @Nullable Begin pending;
  private @Nullable IOException failure;
  private boolean reading;

  /** Whether an END_REQUEST that has waited for the end of STDIN is being written. */
  private boolean ending;

  /** Whether no request has come yet. */
  private boolean fresh = true;

  private volatile boolean draining;

  /**
   * Since when the channel has had nothing for us and no request has run; {@link Long#MAX_VALUE}
   * otherwise.
   */
  private volatile long idleSince = Long.MAX_VALUE;

  /** Whether the connection only waits for its peer to have read the last answer. */
  private boolean lingering;

  private long unread;

  /** A BEGIN_REQUEST record. */
  private record Begin(int id, int role, boolean keepConnection) {}

  FastCgiConnection(SocketChannel channel, Server server, Settings settings) {
    super(channel, server);
    this.settings = settings;
    this.in = new RecordInput(channel, INPUT);
    expect(FIRST_RECORD_NANOS);
  }

  // ---- the connection's thread ----

  @Override
  protected void serve() throws IOException {
    boolean more = true;
    while (more) {
      Begin begin = awaitBegin();
      begun();
      more = begin != null && answer(begin);
    }
    if (lingering) {
      linger();
    }
  }

  /** The next request, or null at the connection's end. */
  private @Nullable Begin awaitBegin() throws IOException {
    whole();
    lock.lock();
    try {
      if (isOver(!reading)) {
        return null;
      }
      while (reading) {
        changed.awaitUninterruptibly();
      }
      if (failure != null) {
        return ended(failure);
      }
      if (pending != null) {
        Begin begin = pending;
        pending = null;
        idleSince = Long.MAX_VALUE;
        return begin;
      }
      reading = true;
    } finally {
      lock.unlock();
    }
    try {
      Begin begin = null;
      while (begin == null && !isOver(true)) {
        RecordHeader header = in.next();
        if (header == null) {
          return null;
        }
        notIdle();
        begin = handle(header);
      }
      return begin;
    } finally {
      stopReading();
    }
  }

  private void notIdle() {
    lock.lock();
    try {
      idleSince = Long.MAX_VALUE;
    } finally {
      lock.unlock();
    }
  }

  /** A request has come, so that an end of the connection waits for it. */
  private void begun() {
    lock.lock();
    try {
      fresh = false;
      idleSince = Long.MAX_VALUE;
      expectNothing();
    } finally {
      lock.unlock();
    }
  }

  /**
   * Whether the connection must end now, when nothing has come. If not, it counts as idle from here
   * on.
   *
   * @param mayLook whether no other thread reads; the input's buffer tells nothing while one does
   */
  private boolean isOver(boolean mayLook) {
    lock.lock();
    try {
      if (fresh || lingering || pending != null || mayLook && in.hasNext()) {
        return false;
      }
      idleSince = System.nanoTime();
      return draining;
    } finally {
      lock.unlock();
    }
  }

  /** Null if the web server has closed its connection in order; otherwise throws the failure. */
  private static @Nullable Begin ended(IOException failure) throws IOException {
    if (failure instanceof EOFException) {
      return null;
    }
    throw failure;
  }

  private void stopReading() {
    lock.lock();
    try {
      reading = false;
      changed.signalAll();
    } finally {
      lock.unlock();
    }
  }

  /** Answers a request. Returns whether the connection stays open. */
  private boolean answer(Begin begin) throws IOException {
    if (begin.role() != Records.RESPONDER) {
      return refuse(begin, Records.UNKNOWN_ROLE);
    }
    FastCgiRequest begun = new FastCgiRequest(this, begin.id(), begin.keepConnection());
    boolean more;
    boolean hasPlace = server().beginRequest();
    try {
      Map<String, String> variables = readVariables(begun);
      if (variables == null) {
        return begun.keepsConnection();
      }
      begun.endsAfterStdin = ServerVariables.isHaproxy(variables);
      if (hasPlace) {
        more = answer(begun, variables);
      } else if (begun.endsAfterStdin) {
        more = overload(begun);
      } else {
        more = refuse(begin, Records.OVERLOADED);
      }
    } finally {
      if (hasPlace) {
        server().endRequest();
      }
    }
    if (begun.answered) {
      awaitEnd();
    }
    return more;
  }

  /** Refuses a request. Returns whether the connection stays open. */
  private boolean refuse(Begin begin, int protocolStatus) throws IOException {
    out.endRequest(begin.id(), protocolStatus);
    lingering = !begin.keepConnection();
    return begin.keepConnection();
  }

  /**
   * Answers 503 to a request that has no place. HAProxy 2.6 gives its client no answer at all after
   * an END_REQUEST without a response. Returns whether the connection stays open.
   */
  private boolean overload(FastCgiRequest begun) throws IOException {
    begin(begun);
    try {
      byte[] response = overloaded();
      out.stream(Records.STDOUT, begun.id(), response, 0, response.length);
      finish(begun);
    } finally {
      end(begun);
    }
    return begun.keepsConnection();
  }

  /** Reads the variables of a request; null when the web server aborts it. */
  private @Nullable Map<String, String> readVariables(FastCgiRequest begun) throws IOException {
    expect(server().limits().head().toNanos());
    NameValuePairs pairs = new NameValuePairs(Settings.MAX_VARIABLE_BYTES, Settings.MAX_VARIABLES);
    byte[] block = new byte[1024];
    for (RecordHeader header = in.next(); header != null; header = in.next()) {
      boolean ours = header.requestId() == begun.id();
      if (ours && header.type() == Records.PARAMS) {
        if (header.contentLength() == 0) {
          expectNothing();
          return pairs.end();
        }
        for (int n = in.read(block, 0, block.length); n > 0; ) {
          pairs.add(block, 0, n);
          n = in.read(block, 0, block.length);
        }
      } else if (ours && header.type() == Records.ABORT_REQUEST) {
        expectNothing();
        out.end(begun.id(), 1);
        return null;
      } else if (ours && header.type() <= Records.DATA) {
        throw new ProtocolException("PARAMS must come first: type " + header.type() + " [F12]");
      } else {
        Begin other = handle(header);
        if (other != null) {
          out.endRequest(other.id(), Records.CANT_MPX_CONN);
        }
      }
    }
    throw new EOFException("request must have all its variables [F06]");
  }

  private boolean answer(FastCgiRequest begun, Map<String, String> sent) throws IOException {
    Map<String, String> variables = ServerVariables.completed(sent, settings.mount());
    boolean known = variables.containsKey("CONTENT_LENGTH");
    BodyAhead body = ProcessVariables.body(variables, begun);
    InputStream unsized = known ? null : settings.limited(begun);
    PrintWriter errors = settings.errors() == null ? begun.errors(out) : settings.errors();
    Environ environ = ProcessVariables.environ(variables, body, unsized, errors, false);
    StdoutStream stdout = new StdoutStream(out, begun.id());
    FastCgiSink sink =
        new FastCgiSink(begun, stdout, body, ProcessVariables.isErrorPage(variables));
    Exchange exchange = Exchange.of(environ, sink);
    begun.exchange = exchange;
    begun.body = body;
    begin(begun);
    try {
      exchange.run(settings.application(sent, environ));
    } finally {
      // The channel must not close for an interrupt that was meant for the request.
      Thread.interrupted();
      end(begun);
      if (body != null) {
        body.close();
      }
    }
    return afterwards(begun, sink);
  }

  /** Whether the connection stays open after the request. */
  private boolean afterwards(FastCgiRequest begun, FastCgiSink sink) throws IOException {
    if (!sink.hasEnded()) {
      if (!begun.aborted) {
        try {
          begun.flushErrors();
        } finally {
          // No END_REQUEST is sent, so that the response looks cut.
          cut();
        }
        checkProtocol();
        return false;
      }
      begun.flushErrors();
      out.end(begun.id(), 1);
    } else {
      begun.flushErrors();
    }
    if (begun.keepsConnection()) {
      return true;
    }
    lingering = !begun.stdinEnded;
    return false;
  }

  /** Throws the protocol failure that a reader has met, so that it is logged. */
  private void checkProtocol() throws ProtocolException {
    lock.lock();
    try {
      if (failure instanceof ProtocolException broken) {
        throw broken;
      }
    } finally {
      lock.unlock();
    }
  }

  /**
   * Reads the rest of the request before the connection is closed. If bytes of the peer are unread
   * at the close, the system resets the connection, and the peer may lose what it has not read yet.
   * This holds also while the server stops.
   */
  private void linger() throws IOException {
    channel.shutdownOutput();
    closeIn(LINGER_NANOS);
    awaitBegin();
  }

  private void begin(FastCgiRequest begun) {
    lock.lock();
    try {
      request = begun;
    } finally {
      lock.unlock();
    }
  }

  /** Ends a request that has had its answer. Records that still come for it are ignored. */
  private void end(FastCgiRequest begun) {
    lock.lock();
    try {
      begun.ended = true;
      if (begun.equals(request) && !begun.answered) {
        request = null;
      }
      changed.signalAll();
    } finally {
      lock.unlock();
    }
  }

  // ---- the end of a response ----

  /**
   * Sends the end of a response. HAProxy 2.6 gives its client no other answer on the same
   * connection when END_REQUEST comes while it still has a part of the request's body. So it gets
   * all of the response at once, and END_REQUEST after the end of STDIN. Other web servers take
   * only END_REQUEST for the end of the response, so they do not wait for it.
   */
  void finish(FastCgiRequest begun) throws IOException {
    if (hasStdin(begun)) {
      begun.flushErrors();
      out.endStdout(begun.id());
      answered(begun);
      return;
    }
    // The request ends before END_REQUEST is written, because the web server may begin the next
    // request as soon as it has read that record.
    end(begun);
    begun.flushErrors();
    out.end(begun.id(), 0);
  }

  /** Whether END_REQUEST must wait for the rest of STDIN. What the buffer has of it is dropped. */
  private boolean hasStdin(FastCgiRequest begun) {
    lock.lock();
    try {
      if (!begun.endsAfterStdin) {
        return false;
      }
      begun.ended = true;
      changed.signalAll();
      while (!begun.stdinEnded && failure == null && !reading && in.hasWholeNext()) {
        readHere(in::hasWholeNext);
      }
      return !begun.stdinEnded && failure == null;
    } finally {
      lock.unlock();
    }
  }

  /** Notes that only END_REQUEST is missing, and sends it if STDIN has ended meanwhile. */
  private void answered(FastCgiRequest begun) throws IOException {
    boolean now;
    lock.lock();
    try {
      begun.answered = true;
      now = begun.stdinEnded;
      // After this time the connection is closed without an END_REQUEST. HAProxy then closes that
      // of its client, too, which is better than to leave it without answers.
      whole();
      closeIn(LINGER_NANOS);
    } finally {
      lock.unlock();
    }
    if (now) {
      complete(begun);
    }
  }

  /** Sends the END_REQUEST that has waited for the end of STDIN, once. */
  private void complete(FastCgiRequest begun) throws IOException {
    lock.lock();
    try {
      if (!begun.answered || !begun.equals(request)) {
        return;
      }
      request = null;
      ending = true;
      expectNothing();
    } finally {
      lock.unlock();
    }
    try {
      out.endRequest(begun.id(), Records.REQUEST_COMPLETE);
    } finally {
      lock.lock();
      try {
        ending = false;
        changed.signalAll();
      } finally {
        lock.unlock();
      }
    }
  }

  /** Reads and drops the rest of a request, until its END_REQUEST was sent. */
  private void awaitEnd() {
    lock.lock();
    try {
      // Another thread may still wait for a record after END_REQUEST. The connection is idle then.
      while ((request != null || ending) && failure == null) {
        if (reading || ending) {
          changed.awaitUninterruptibly();
        } else {
          readHere(() -> true);
        }
      }
    } finally {
      lock.unlock();
    }
  }

  // ---- records, on whichever thread reads ----

  /** Does what a record asks for. Returns a BEGIN_REQUEST that may run; otherwise null. */
  private @Nullable Begin handle(RecordHeader header) throws IOException {
    if (header.isManagement()) {
      manage(header);
      return null;
    }
    FastCgiRequest running = running();
    FastCgiRequest ours = running != null && running.id() == header.requestId() ? running : null;
    switch (header.type()) {
      case Records.BEGIN_REQUEST:
        return begin(header, running);
      case Records.ABORT_REQUEST:
        if (ours != null) {
          abort(ours, new IOException("web server has aborted the request"));
        }
        return null;
      case Records.STDIN:
        if (ours != null) {
          receive(ours, header);
        } else {
          ignore(header);
        }
        return null;
      default:
        ignore(header);
        return null;
    }
  }

  private @Nullable FastCgiRequest running() {
    lock.lock();
    try {
      return request;
    } finally {
      lock.unlock();
    }
  }

  /** Ignores a record whose request does not run, as section 3.3 says, but only up to a limit. */
  private void ignore(RecordHeader header) throws ProtocolException {
    unread += header.contentLength();
    if (unread > MOST_UNREAD) {
      throw new ProtocolException("records of no request must have an end [F04]");
    }
  }

  private @Nullable Begin begin(RecordHeader header, @Nullable FastCgiRequest running)
      throws IOException {
    if (header.contentLength() < 8) {
      throw new ProtocolException("BEGIN_REQUEST must have eight bytes [F12]");
    }
    if (running != null && running.id() == header.requestId()) {
      throw new ProtocolException("request must be begun once: " + header.requestId() + " [F12]");
    }
    byte[] body = new byte[8];
    for (int n = 0; n < body.length; ) {
      n += in.read(body, n, body.length - n);
    }
    if (running != null) {
      out.endRequest(header.requestId(), Records.CANT_MPX_CONN);
      return null;
    }
    unread = 0;
    int role = (body[0] & 0xFF) << 8 | body[1] & 0xFF;
    return new Begin(header.requestId(), role, (body[2] & Records.KEEP_CONN) != 0);
  }

  private void manage(RecordHeader header) throws IOException {
    if (header.type() <= Records.DATA) {
      throw new ProtocolException(
          "record of a request must have its id: type " + header.type() + " [F05]");
    }
    if (header.type() != Records.GET_VALUES) {
      out.unknownType(header.type());
      return;
    }
    NameValuePairs asked = new NameValuePairs(Records.MAX_CONTENT, Settings.MAX_VARIABLES);
    byte[] content = in.readContent();
    asked.add(content, 0, content.length);
    Map<String, String> values = new LinkedHashMap<>();
    for (String name : asked.end().keySet()) {
      switch (name) {
        case "FCGI_MAX_CONNS" -> values.put(name, "" + server().limits().connections());
        case "FCGI_MAX_REQS" -> values.put(name, "" + server().limits().requests());
        case "FCGI_MPXS_CONNS" -> values.put(name, "0");
        default -> {
          // The standard says that unknown names are left out.
        }
      }
    }
    out.values(NameValuePairs.encode(values));
  }

  private void abort(FastCgiRequest running, IOException cause) throws IOException {
    boolean ended;
    lock.lock();
    try {
      ended = running.ended;
      running.aborted |= !ended;
    } finally {
      lock.unlock();
    }
    if (ended) {
      // Nothing more comes of a body for which END_REQUEST may wait.
      endStdin(running);
      return;
    }
    // The exchange is cancelled before its reads fail, because the application's answer to a failed
    // read must not be sent.
    running.cancel(cause);
    lock.lock();
    try {
      running.unreadable = true;
      changed.signalAll();
    } finally {
      lock.unlock();
    }
  }

  /** Puts the content of a STDIN record where the application reads it. */
  private void receive(FastCgiRequest running, RecordHeader header) throws IOException {
    if (header.contentLength() == 0) {
      endStdin(running);
      return;
    }
    Ring ring = running.stdin;
    while (in.remaining() > 0) {
      int room = 0;
      int end = 0;
      lock.lock();
      try {
        while (!running.ended && (room = ring.free(in.remaining())) == 0) {
          changed.awaitUninterruptibly();
        }
        end = ring.end();
      } finally {
        lock.unlock();
      }
      if (room == 0) {
        // Nobody reads the body any more. The next call of in.next() skips the rest of the record.
        ignore(header);
        stayOpen(running);
        return;
      }
      int n = in.read(ring.array(), end, room);
      lock.lock();
      try {
        ring.added(n);
        changed.signalAll();
      } finally {
        lock.unlock();
      }
    }
  }

  private void endStdin(FastCgiRequest running) throws IOException {
    lock.lock();
    try {
      running.stdinEnded = true;
      changed.signalAll();
    } finally {
      lock.unlock();
    }
    complete(running);
  }

  /** Something has come of the body for which END_REQUEST waits. */
  private void stayOpen(FastCgiRequest running) {
    lock.lock();
    try {
      if (running.answered) {
        closeIn(LINGER_NANOS);
      }
    } finally {
      lock.unlock();
    }
  }

  // ---- the second reader ----

  /**
   * Starts the thread that reads records while the request runs. Called under the lock, while
   * nobody reads.
   */
  private void startReader() {
    reading = true;
    try {
      server().run(() -> readWhile(() -> true));
    } catch (RuntimeException | Error e) {
      reading = false;
      throw e;
    }
  }

  /** Reads records as long as the request runs and the condition holds. */
  private void readWhile(BooleanSupplier condition) {
    try {
      Begin begin = null;
      while (begin == null && running() != null && condition.getAsBoolean()) {
        RecordHeader header = in.next();
        if (header == null) {
          throw new EOFException("web server has closed the connection");
        }
        begin = handle(header);
      }
      lock.lock();
      try {
        pending = begin;
      } finally {
        lock.unlock();
      }
    } catch (IOException e) {
      fail(e);
    } catch (RuntimeException | Error e) {
      fail(new IOException("records must be read", e));
    } finally {
      stopReading();
    }
  }

  /** Cancels the running request, because nothing more can be read. */
  private void fail(IOException cause) {
    FastCgiRequest running = running();
    if (running != null) {
      running.cancel(cause);
    }
    lock.lock();
    try {
      failure = cause;
      changed.signalAll();
    } finally {
      lock.unlock();
    }
  }

  // ---- the application's body ----

  int readStdin(FastCgiRequest reader, byte[] bytes, int offset, int length) throws IOException {
    long left = server().limits().body().toNanos();
    lock.lock();
    try {
      while (true) {
        if (!reader.stdin.isEmpty()) {
          int n = reader.stdin.take(bytes, offset, length);
          changed.signalAll();
          return n;
        }
        if (reader.ended || reader.unreadable) {
          throw new IOException("request was ended before its body");
        }
        if (reader.stdinEnded) {
          return -1;
        }
        if (failure != null) {
          throw new IOException("request body must come whole", failure);
        }
        if (!reading) {
          if (in.hasWholeNext()) {
            readHere(in::hasWholeNext);
            continue;
          }
          startReader();
        }
        if (left <= 0) {
          throw new SocketTimeoutException("request body must come in time [F06]");
        }
        left = changed.awaitNanos(left);
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new java.io.InterruptedIOException("interrupted while the body was waited for");
    } finally {
      lock.unlock();
    }
  }

  /**
   * Reads records on this thread while the condition holds, such as those that the buffer has
   * already. Most bodies come together with their variables, and then need no second thread. Called
   * under the lock, which is free meanwhile: an abort runs code of the application.
   */
  private void readHere(BooleanSupplier condition) {
    reading = true;
    lock.unlock();
    try {
      readWhile(condition);
    } finally {
      lock.lock();
    }
  }

  int availableStdin(FastCgiRequest reader) {
    lock.lock();
    try {
      return reader.stdin.size();
    } finally {
      lock.unlock();
    }
  }

  // ---- the server's threads ----

  @Override
  protected void tick(long now) {
    if (!lock.tryLock()) {
      return;
    }
    BodyAhead unread = null;
    try {
      FastCgiRequest running = request;
      boolean readable = !reading && failure == null;
      if (running != null && readable && now - running.began() > WATCH_AFTER_NANOS) {
        startReader();
      }
      if (running != null && !running.ended && running.isStuck()) {
        unread = running.body;
      }
    } finally {
      lock.unlock();
    }
    if (unread != null) {
      // Behind the body may be an abort, or the end of the connection. A reader of the body takes
      // the lock, so this call is made without it.
      unread.startIfRoom();
    }
  }

  @Override
  protected void drain() {
    lock.lock();
    try {
      if (draining) {
        // The time that is left runs already.
        return;
      }
      draining = true;
      if (fresh) {
        closeIn(FIRST_WHILE_STOPPING_NANOS);
      } else if (idleSince != Long.MAX_VALUE && pending == null) {
        // After SocketChannel.shutdownInput, what has arrived could not be read any more.
        closeIn(IDLE_NANOS);
      }
    } finally {
      lock.unlock();
    }
  }

  @Override
  protected void cancel(Throwable cause) {
    FastCgiRequest running = running();
    if (running != null) {
      running.cancel(cause);
    }
  }

  @Override
  protected long idleSince() {
    return draining ? Long.MAX_VALUE : idleSince;
  }
}
