# How Perl's servers and workers use their pipes, and end. The host puts this in front of load.pl and of psgi.pl. The pipes
# have no handles: a script's -C or `use open` may give handles layers, which these calls refuse.
use POSIX ();

# POSIX::write would write the bytes of perl's own UTF-8, and count characters.
sub put {
  my ($to, $text) = @_;
  utf8::downgrade($text, 1) or utf8::encode($text);
  while (length $text) {
    my $n = POSIX::write($to, $text, length $text);
    # A signal that the script or application handles ends a call of the system. Perl does not begin the call again.
    if (defined $n) { substr($text, 0, $n) = '' } elsif ($! != POSIX::EINTR()) { return 0 }
  }
  1;
}

sub get {
  my ($from) = @_; my ($n, $bytes);
  do { $n = POSIX::read($from, $bytes, 65536) } until defined $n || $! != POSIX::EINTR();
  $n ? substr($bytes, 0, $n) : '';
}

# A request; undef at the end of the other pipe, which counts when no request is there, or first.
sub receive {
  my ($control, $other, $other_first) = @_;
  my ($request, $length) = ('');
  vec(my $want = '', $control, 1) = 1; vec($want, $other, 1) = 1;
  until (defined $length && length $request >= $length) {
    next if select(my $ready = $want, undef, undef, undef) < 0;
    if (vec($ready, $other, 1) && ($other_first || !vec($ready, $control, 1))) { return unless length get($other); next }
    my $more = get($control); return unless length $more;
    $request .= $more;
    $length = $1 if !defined $length && $request =~ s/^(\d+)://;
  }
  $request;
}

# A line with the files of this process's modules that no line has told before, so that the host can see when they change;
# '' if there are none.
my ($known, %told) = (0);
sub loaded_files {
  my ($word, @more) = @_;
  return '' if $known == keys %INC;
  $known = keys %INC;
  my @new = grep { !$told{$_}++ } map { m{^/} ? $_ : POSIX::getcwd() . "/$_" } grep { defined && !ref && !/[\t\n]/ } @more, values %INC;
  @new ? join("\t", $word, @new) . "\n" : '';
}

# Ends this process when its end takes long. An END block may wait for ever, and the host that would kill it may be gone.
sub bound_end {
  $SIG{ALRM} = 'DEFAULT'; POSIX::sigprocmask(POSIX::SIG_UNBLOCK(), POSIX::SigSet->new(POSIX::SIGALRM()));
  alarm $_[0];
}
