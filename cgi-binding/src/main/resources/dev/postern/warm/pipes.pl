# How Perl's servers and workers read and write their pipes: before load.pl, and before psgi.pl. This goes past all
# handles: a script's -C or `use open` may have given them layers, which these calls refuse.
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

