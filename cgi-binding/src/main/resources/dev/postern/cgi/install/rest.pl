# What the stub of a warm executable needs less often: bodies, starting the server, and the cold
# executable. Whenever the server has not taken the request, the cold executable answers; once it has
# taken it, it has the last word, so that nothing runs twice. stub.pl says which variables it leaves
# here.

my @cold = ({java}, {cold});
my @warm = ({java}, {warm});
my @limits = ({idle}, {requests});
my @kept = (qw(PATH LANG TZ HOME USER TMPDIR), split / /, {keep});
my $log_largest = 1024 * 1024;
# A web server limits a program that answers one request. The server gets as much as it may have of
# processor time, file size, memory (d, v), descriptors and processes (p or u, as the shell has it).
my $raise = 'for l in t f d v n p u; do
  h=$(ulimit -H -$l 2>/dev/null) && ulimit -S -$l "$h" 2>/dev/null
done
exec "$0" "$@"';
my $eagain = 11;    # Linux; to name it by %! would load a module

$SIG{PIPE} = 'IGNORE';
lost() if $taken;
if ($connected) {
  relay();
} elsif (!$ENV{POSTERN_COLD} && $error != $eagain) {
  start();
}
$SIG{PIPE} = 'DEFAULT';
exec { $cold[0] } @cold or fail("cannot start $cold[0]: $!");

# Copies the body there and the response back, both at once and whichever is possible: some web
# servers take no response before they are rid of the whole body. Returns when our server does not
# take the request.
sub relay {
  return if !defined $sent && $error != $eagain;
  my $out = substr $head, $sent || 0;
  my $length = $ENV{CONTENT_LENGTH};
  my ($given_up, $closed) = (0, 0);
  my $left = defined $length && $length =~ /\A[0-9]{1,18}\z/ ? $length : 0;
  $relaying = 1;
  $pending = '';
  while (1) {
    my ($reading, $writing) = ('', '');
    vec($reading, fileno $server, 1) = 1 if $pending eq '' && !defined $exit;
    vec($reading, fileno STDIN, 1) = 1 if $taken && $left && $out eq '';
    vec($writing, fileno $server, 1) = 1 if $out ne '';
    vec($writing, fileno STDOUT, 1) = 1 if $pending ne '';
    my $ready = select $reading, $writing, undef, $taken ? undef : $waited ? 0 : 1;
    next if $ready < 0;
    if ($ready == 0) {
      # From here on the server cannot take it any more: its word would not get through.
      shutdown $server, 2;
      ($given_up, $out) = (1, '');
    }
    if (vec($writing, fileno $server, 1)) {
      my $count = send $server, $out, 0x4000;
      if (defined $count) {
        substr($out, 0, $count) = '';
      } elsif ($! != $eagain) {
        # It wants no more of the body; or it is gone, and the next read tells.
        ($out, $closed) = ('', 1);
      }
    }
    if (vec($reading, fileno STDIN, 1)) {
      my $count = sysread STDIN, $out, $left < 65536 ? $left : 65536;
      $left -= $count;
      if (!$count) {
        # The body is short, and the application shall see that.
        $left = 0;
        shutdown $server, 1;
      } elsif ($closed || defined $exit) {
        $out = '';
      }
    }
    if (vec($writing, fileno STDOUT, 1)) {
      # As much as goes into a pipe that has room, PIPE_BUF, so that this does not wait.
      my $count = syswrite STDOUT, $pending, 4096;
      defined $count || $! == $eagain || exit 1;
      substr($pending, 0, $count) = '';
    }
    if ($given_up || vec($reading, fileno $server, 1)) {
      if (!sysread $server, $in, 65536, length $in) {
        return unless $taken;
        lost();
      }
      $taken ||= $in =~ s/^r// or return;
      lost() if $given_up;
      frames();
    }
    # Nothing is left that could be in the web server's way.
    put(STDOUT, $pending), $pending = '' if !$left && $out eq '';
    if (defined $exit && $pending eq '') {
      drain($left);
      exit $exit;
    }
  }
}

# Some servers lose the response of a program that ends before it has read the whole body.
sub drain {
  my ($left) = @_;
  while ($left > 0) {
    my $count = sysread(STDIN, my $bytes, $left < 65536 ? $left : 65536) or last;
    $left -= $count;
  }
}

# Starts the server, unless another request has: whoever holds the lock is the server, or starts it.
sub start {
  mkdir $directory, 0700;
  my @stat = lstat $directory;
  if (!-d _ || $stat[4] != $> || $stat[2] & 077) {
    # Whoever makes it first decides about it, and that may be another user.
    print STDERR "postern: there is no warm server, so that each request takes longer: ",
        "$directory must be a directory of user $> alone\n";
    return;
  }
  local $^F = 255;    # the server inherits the lock
  open my $lock, '>>', "$name.lock" or return;
  flock $lock, 2 | 4 or return;
  # A server that ends removes the file, and its last requests may take long. Another file of this
  # name may be another server's already.
  @stat = stat $lock;
  my @named = stat "$name.lock";
  return if !@named || $named[0] != $stat[0] || $named[1] != $stat[1];
  # One that has just failed is not tried again at once; a new file is empty. A lock of the future is
  # an old one, and the clock has been set back.
  my $age = time - $stat[9];
  return if $stat[7] && $age >= 0 && $age < 5;
  my $pid = fork;
  return if !defined $pid || $pid;
  # The process remains the same when it becomes the server.
  truncate $lock, 0;
  syswrite $lock, "$$\n";
  open STDIN, '<', '/dev/null';
  rename "$name.log", "$name.log.1" if (-s "$name.log" || 0) > $log_largest;
  open STDOUT, '>>', "$name.log";
  open STDERR, '>&', \*STDOUT;
  $SIG{PIPE} = 'DEFAULT';
  eval { require POSIX; POSIX::setsid(); close_others(fileno $lock) };
  # The server lives longer than this request, and nothing of the request's may live with it.
  my %kept = map { $_ => 1 } @kept;
  delete @ENV{grep { !$kept{$_} && !/^(?:LC|JAVA)_/ } keys %ENV};
  chdir '/';
  exec '/bin/sh', '-c', $raise, @warm, "$name.sock", "$name.lock", @limits;
  print STDERR "postern: cannot start $warm[0]: $!\n";
  exit 1;
}

# A web server may leave a connection or a log of its own open in its programs.
sub close_others {
  my ($lock) = @_;
  opendir my $open, '/proc/self/fd' or return;
  my @numbers = grep { /^[0-9]+$/ } readdir $open;
  closedir $open;
  for my $number (@numbers) {
    POSIX::close($number) if $number > 2 && $number != $lock;
  }
}

sub lost {
  put(STDOUT, $pending) if $relaying;
  fail('the warm server ended before its response was whole');
}

sub fail {
  print STDERR "postern: $_[0]\n";
  if (!$answered) {
    my $text = "500 Internal Server Error\n";
    my $head = "Status: 500 Internal Server Error\r\n"
        . "Content-Type: text/plain; charset=utf-8\r\nContent-Length: " . length($text) . "\r\n\r\n";
    put(STDOUT, $ENV{REQUEST_METHOD} eq 'HEAD' ? $head : $head . $text);
  }
  exit 1;
}
