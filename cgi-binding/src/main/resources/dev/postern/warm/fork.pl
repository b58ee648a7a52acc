# A fork server for one Perl script, after load.pl. The script's BEGIN blocks and `use` run once, here; its main program
# runs in children alone. Commands and reports:
#   f       fork a child       ->  PID INPUT OUTPUT ERRORS CONTROL, or !fork: WHY
#   r PID   forget a child
#   s PID   say how a child has ended, and forget it  ->  = PID STATUS, as wait(2) has it; -1 when it has not
#   q       learn no more
#   (load)                     ->  ready FILE FILE…, !WHY it must not be served like this, or !fork: WHY
#   (end of a child)           ->  + PID FILE=PATH…, what it had loaded, while there is something to learn
my ($life_read, $life_write, %loaded, @include, $report_path, $told, $script_descriptor, $server);

sub serve {
  my ($set, $deleted, $said) = settle_load(sub { preload(); %loaded = %INC; @include = @INC; $server = $$ });
  my %handlers = (CHLD => $SIG{CHLD}); $SIG{CHLD} = 'DEFAULT';
  { my $why = unshared(); refuse($why) if length $why }
  my @files = private_files();
  $report_path = "/proc/$$/fd/62";
  # A service manager may signal all processes of a service to end. The server goes on, as children and the host need it, and
  # so do children until they have their requests.
  for (qw(HUP INT TERM)) { if (!$SIG{$_} || $SIG{$_} eq 'DEFAULT') { $handlers{$_} = $SIG{$_}; $SIG{$_} = 'IGNORE' } }
  report_ready();
  pipe($life_read, $life_write);
  my ($buffer, %gone) = ('');
  while (length(my $more = get(61))) {
    $buffer .= $more;
    while ($buffer =~ s/^([^\n]*)\n//) {
      my $command = $1;
      if ($command =~ /^r (\d+)$/) { $gone{$1} = 1 }
      elsif ($command =~ /^s (\d+)$/) { put(62, "= $1 " . (waitpid($1, POSIX::WNOHANG()) == $1 ? $? : -1) . "\n") }
      elsif ($command eq 'q') { $learning = 0 }
      elsif ($command eq 'f') {
        my $child = fork;
        if (!defined $child) { put(62, "!fork: $!\n") }
        elsif (!$child) {
          child($set, $deleted, $said, \@files);
          $SIG{$_} = $handlers{$_} for keys %handlers;
          return;
        }
      }
    }
    for (keys %gone) { delete $gone{$_} if waitpid($_, POSIX::WNOHANG()) }
  }
  POSIX::_exit(0);
}

# Returns as the script that was asked for. A child that nobody asks ends with its server: only that
# holds the other end of the life pipe.
sub child {
  my ($set, $deleted, $said, $files) = @_;
  POSIX::setsid(); close $commands; close $life_write;
  my ($input, $input_end) = POSIX::pipe(); my ($output_end, $output) = POSIX::pipe();
  my ($errors_end, $errors) = POSIX::pipe(); my ($control, $control_end) = POSIX::pipe();
  put(62, "$$ $input_end $output_end $errors_end $control_end\n");
  close $reports;
  # If some of it, or all, is left in the pipe, the host sees that, and runs it otherwise.
  my $request = receive($control, fileno $life_read, 1) // POSIX::_exit(0);
  POSIX::close($_) for $input_end, $output_end, $errors_end, $control, $control_end; close $life_read;
  my ($how, @variables) = split /\0/, $request, -1; pop @variables;
  # Under the handles, which keep their layers.
  POSIX::dup2($input, 0) if $how =~ s/^p//; $how =~ s/^n//;
  POSIX::dup2($output, 1); POSIX::dup2($errors, 2);
  POSIX::close($_) for $input, $output, $errors; close $log;
  enter_group($how) if length $how;
  for (@$files) {
    my ($descriptor, $flags, $position) = @$_;
    my $own = POSIX::open("/proc/self/fd/$descriptor", $flags);
    POSIX::lseek($own, $position, 0); POSIX::dup2($own, $descriptor); POSIX::close($own);
  }
  # One by one: a list with tainted values would leave all of %ENV tainted for good.
  %ENV = ();
  for (@variables) { my $at = index($_, '='); $ENV{substr($_, 0, $at)} = substr($_, $at + 1) }
  $ENV{$_} = $set->{$_} for keys %$set; delete @ENV{@$deleted};
  put(2, $said) if length $said;
  if ($mode eq 'libraries') { my $own = POSIX::open($0, 0); POSIX::dup2($own, $script_descriptor); POSIX::close($own) }
  $^T = time; srand; $_ = undef; $! = 0; $@ = ''; $? = 0;
}

# The control group of this request, before anything of the script runs.
sub enter_group {
  my ($file) = $_[0] =~ /(.*)/s;
  if (open(my $group, '>', $file)) { return if put(fileno $group, "$$\n") && close $group }
  put(2, "postern: control group must be entered: $!\n"); POSIX::_exit(126);
}

# Files that are open after load: each child needs an offset of its own.
sub private_files {
  # perl gives back what it has read ahead before it forks, so that positions are wrong until then.
  my $child = fork;
  if (!defined $child) { put(62, "!fork: $!\n"); POSIX::_exit(1) }
  POSIX::_exit(0) unless $child;
  waitpid($child, 0);
  my @files;
  for my $descriptor (descriptors()) {
    next if $descriptor =~ /^6[1-5]$/;
    my $to = readlink("/proc/self/fd/$descriptor") // next;
    next if ($inherited{$descriptor} // '') eq $to && $to !~ m{^/};
    next unless -f "/proc/self/fd/$descriptor";
    my ($flags, $position) = open_file($descriptor);
    if ($mode eq 'libraries' && !defined $script_descriptor) { $script_descriptor = $descriptor; next }
    push @files, [$descriptor, $flags & 0102003, $position];
  }
  return @files;
}

# What this child had loaded beyond its server, by the server's own descriptor: the child has none left. If the script looks
# for modules elsewhere first, each request may have others.
END {
  if ($learning && defined $server && $$ != $server && !$told) {
    $told = 1; my $status = $?;
    if (defined(my $report = POSIX::open($report_path, 1 | 04000))) {
      my $as_here = join("\0", @INC[0 .. $#include]) eq join("\0", @include);
      my @names = grep { !$loaded{$_} && ($as_here || $INC{$_} =~ m{^/usr/(?:lib|share)/}) && can_be_first($_, $INC{$_}) } sort keys %INC;
      while (@names) { put($report, join(' ', '+', $$, map { "$_=$INC{$_}" } splice @names, 0, 12) . "\n") }
      put($report, "+ $$ .\n"); POSIX::close($report);
    }
    $? = $status;
  }
}
INIT { serve() if $mode eq 'script' }

begin_load();
serve() if $mode eq 'libraries';
1;
