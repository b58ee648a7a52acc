# A fork server for one Ruby script, by -r: it reads its settings from its standard input, and forks where the
# script would begin. Each child goes on to compile and run it. Commands and reports are those of fork.pl.
module PosternWarm
  DUPFD_CLOEXEC = 1030

  # Ruby tries a refused fork again each second, for ever. A timer of the kernel ends that: setitimer by its number,
  # with a struct itimerval by its address.
  SETITIMER = { 'x86_64' => 38, 'aarch64' => 103 }[RUBY_PLATFORM[/\A[^-]*/]]
  NEVER, SOON = [0, 200_000].map { |microseconds| [0, 0, 0, microseconds].pack('q4').freeze }

  class Refused < StandardError; end

  def self.serve
    settings = +''
    settings << STDIN.readpartial(65536) until settings.end_with?("\0")
    reset = settings.include?('reset=1')
    if reset
      %w[HUP INT QUIT TERM USR1 USR2 ALRM].each { |name| trap(name, 'DEFAULT') if trap(name, 'DEFAULT') == 'IGNORE' && name != 'INT' }
    end
    commands, @reports, log = [STDIN, STDOUT, STDERR].map { |io| IO.for_fd(io.fcntl(DUPFD_CLOEXEC, 61)) }
    @reports.sync = true
    # Not by File.open: a stream takes the class and the path of what it is reopened with.
    { STDIN => 'r', STDOUT => 'w' }.each do |stream, mode|
      null = IO.for_fd(IO.sysopen('/dev/null', mode), mode)
      point(stream, null)
      null.close
    end
    life_read, life_write = IO.pipe
    @server = $$
    alarm = trap('ALRM') { raise Refused, 'Resource temporarily unavailable' if @forking && $$ == @server }
    # A library of RUBYOPT may reap all children. The server must keep those that have ended, so only they get its handler.
    handlers = { 'CHLD' => trap('CHLD', 'DEFAULT') }
    handlers.delete('CHLD') if handlers['CHLD'] == 'DEFAULT'
    # A service manager may signal all processes of a service to end. The server goes on, as children and the host need it,
    # and so do children until they have their requests.
    %w[HUP INT TERM].each do |stop|
      handler = trap(stop, 'IGNORE')
      handler == 'DEFAULT' ? handlers[stop] = handler : trap(stop, handler)
    end
    GC.start
    Process.warmup if Process.respond_to?(:warmup)
    put("ready\t\n")
    rest = +''
    gone = []
    loop do
      begin
        rest << commands.readpartial(4096)
      rescue EOFError
        exit!(0)
      end
      while (line = rest.slice!(/\A[^\n]*\n/))
        if line == "f\n"
          begin
            child = fork_soon
          rescue SystemCallError, Refused => e
            put("!fork: #{e.message}\n")
            next
          end
          unless child
            trap('ALRM', alarm)
            commands.close
            life_write.close
            begin_request(log, life_read)
            handlers.each { |signal, former| trap(signal, former) }
            return
          end
        elsif line.start_with?('s ')
          put("= #{line[2..].to_i} #{status(line[2..].to_i)}\n")
        elsif line.start_with?('r ')
          gone << line[2..].to_i
        end
      end
      gone.reject! { |pid| ended?(pid) }
    end
  end

  def self.fork_soon
    @forking = true
    ring(SOON)
    fork
  ensure
    @forking = false
    ring(NEVER) if $$ == @server
  end

  # A child has no timer of its parent's.
  def self.ring(time)
    syscall(SETITIMER, 0, [time].pack('P').unpack1('J'), 0) if SETITIMER
  end

  def self.ended?(pid)
    !Process.waitpid(pid, Process::WNOHANG).nil?
  rescue Errno::ECHILD
    true
  end

  # How a child has ended; -1 when it has not.
  def self.status(pid)
    ended = Process.waitpid2(pid, Process::WNOHANG)
    ended ? ended[1].to_i : -1
  rescue Errno::ECHILD
    -1
  end

  def self.put(text) = @reports.syswrite(text)

  def self.begin_request(log, life)
    Process.setsid
    input, output, errors, control = Array.new(4) { IO.pipe }
    put("#{$$} #{input[1].fileno} #{output[0].fileno} #{errors[0].fileno} #{control[1].fileno}\n")
    @reports.close
    request = ''.b
    length = nil
    until length && request.bytesize >= length
      ready, = IO.select([control[0], life])
      # Before its request, and all of it is left in the pipe: the host sees that, and runs it otherwise.
      exit!(0) if ready.include?(life)
      begin
        request << control[0].readpartial(65536)
      rescue EOFError
        exit!(0)
      end
      if length.nil? && (colon = request.index(':'))
        length = request[0, colon].to_i
        request = request.byteslice(colon + 1, request.bytesize)
      end
    end
    how, *variables = request.split("\0", -1)
    variables.pop
    point(STDIN, input[0]) if how.start_with?('p')
    point(STDOUT, output[1])
    point(STDERR, errors[1])
    [input, output, errors, control].flatten.each(&:close)
    life.close
    log.close
    enter_group(how[1..]) if how.bytesize > 1
    ENV.clear
    variables.each do |variable|
      name, value = variable.split('=', 2)
      ENV[name.force_encoding(Encoding.default_external)] = value.force_encoding(Encoding.default_external)
    end
    srand
  end

  # The control group of this request, before anything of the script runs.
  def self.enter_group(file)
    File.write(file, "#{$$}\n")
  rescue SystemCallError => e
    STDERR.syswrite("postern: control group must be entered: #{e.message}\n")
    exit!(126)
  end

  # Puts another file under a stream, which keeps its way of buffering.
  def self.point(stream, file)
    sync = stream.sync
    stream.reopen(file)
    stream.sync = sync
  end
end
$LOADED_FEATURES.delete_if { |file| file == File.expand_path(__FILE__) }
PosternWarm.serve
