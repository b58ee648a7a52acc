# What the stub of a warm executable needs less often: bodies, starting the server, and the cold
# executable. Whenever the server has not taken the request, the cold executable answers; once it has
# taken it, it has the last word, so that nothing runs twice. stub.pl says which variables it leaves
# here.

my @cold = ({java}, {cold});
my @warm = ({java}, {warm});
my @limits = ({idle}, {requests});
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
  $left = 64 * 1024 * 1024 if $left > 64 * 1024 * 1024;
  while ($left > 0) {
    my $count = sysread(STDIN, my $bytes, $left < 65536 ? $left : 65536) or last;
    $left -= $count;
  }
}

# Starts the server, unless another request has: whoever holds the lock is the server, or starts it.
sub start {
  mkdir $directory, 0700;
  my @stat = lstat $directory;
  return unless -d _ && $stat[4] == $> && !($stat[2] & 077);
  local $^F = 255;    # the server inherits the lock
  open my $lock, '>>', "$name.lock" or return;
  flock $lock, 2 | 4 or return;
  # One that has just failed is not tried again at once; one that ended in order leaves it empty.
  @stat = stat $lock;
  return if $stat[7] && time - $stat[9] < 5;
  truncate $lock, 0;
  syswrite $lock, "$$\n";
  my $pid = fork;
  return if !defined $pid || $pid;
  open STDIN, '<', '/dev/null';
  open STDOUT, '>', "$name.log";
  open STDERR, '>&', \*STDOUT;
  $SIG{PIPE} = 'DEFAULT';
  eval { require POSIX; POSIX::setsid() };
  # What belongs to this request is not to be found in the server's environment.
  my $variable = qr/^(?:HTTP|REDIRECT|REMOTE|REQUEST|SCRIPT|SERVER|SSL|CONTENT|CONTEXT|DOCUMENT
      |PATH|QUERY|UNIQUE|AUTH)_ | ^(?:HTTPS|GATEWAY_INTERFACE)$/x;
  delete @ENV{grep { $_ =~ $variable } keys %ENV};
  exec { $warm[0] } @warm, "$name.sock", "$name.lock", @limits;
  print STDERR "postern: cannot start $warm[0]: $!\n";
  exit 1;
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
