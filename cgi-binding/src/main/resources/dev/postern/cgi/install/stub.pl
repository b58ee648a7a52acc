# Hands the request to a server of the same application. The usual case is here, a request without a
# body; the rest is in another file, since it takes longer to read than all of this to run. No "use":
# strict and warnings alone would double the time.
#
# For rest.pl: $directory and $name of the server's files; $server, its socket, if $connected; $head,
# which is to be sent, and how much of it is $sent; $error, why that is not all; whether the server
# has been $waited for, and has $taken the request; $in, what it has sent, of which nothing has been
# looked at yet; $answered when a byte of the response is out. From rest.pl, when it is $relaying:
# $pending output, and $exit when the server has told it.

# A server may start a program with a standard stream closed, and this file has its number then, or
# the socket would. Standard input is empty then, standard output refuses all bytes.
@self = stat $0;
for ([*STDIN, '<'], [*STDOUT, '<'], [*STDERR, '>']) {
  @stat = stat $$_[0];
  next if @stat && ($stat[0] != $self[0] || $stat[1] != $self[1]);
  open $$_[0], $$_[1], '/dev/null';
}
$directory = {run} . "/$>";
$name = "$directory/" . {name};
@stat = lstat $directory;
# The directory is this user's alone: nobody else can have made the socket in it.
if (!$ENV{POSTERN_COLD} && -d _ && $stat[4] == $> && !($stat[2] & 077)
    # AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK: where the queue is full, connect must not wait.
    && socket($server, 1, 1 | 2048, 0)
    && ($connected = connect $server, pack 'S a*', 1, "$name.sock\0")) {
  $head = join("\0", map { "$_=$ENV{$_}" } keys %ENV) . "\0";
  $head = pack('N', length $head) . $head;
  $sent = send $server, $head, 0x4000;
  if ($sent == length $head && !$ENV{CONTENT_LENGTH}) {
    vec($bits, fileno $server, 1) = 1;
    # A second for the server to take the request.
    select $ready = $bits, undef, undef, 1;
    $waited = 1;
    sysread $server, $in, 65536;
    if ($taken = $in =~ s/^r//) {
      $SIG{PIPE} = 'IGNORE';
      do { frames() } while select($ready = $bits, undef, undef, undef) > 0
          && sysread $server, $in, 65536, length $in;
    }
  }
}
$error = $! + 0;
do {rest};
exit 1;

# frame = kind(1) length(4) bytes
sub frames {
  while (length $in >= 5) {
    my ($kind, $size) = unpack 'a N', $in;
    return if length $in < 5 + $size;
    my $bytes = substr $in, 5, $size;
    substr($in, 0, 5 + $size) = '';
    if ($kind eq 'x') {
      $exit = ord $bytes;
      return if $relaying;
      exit $exit;
    }
    if ($kind eq 'o') {
      $answered = 1;
      $pending .= $bytes, next if $relaying;
    }
    put($kind eq 'o' ? STDOUT : STDERR, $bytes);
  }
}

sub put {
  my ($file, $bytes) = @_;
  while ($bytes ne '') {
    my $count = syswrite $file, $bytes;
    if (!defined $count) {
      return if $file eq STDERR;
      $! == 11 || exit 1;
      vec(my $full, fileno $file, 1) = 1;
      select undef, $full, undef, undef;
    }
    substr($bytes, 0, $count) = '';
  }
}
