# Starts programs for a JVM that has no other way to do it in one step: each child is forked before it is asked for,
# and becomes its program by one exec. Descriptor 0 brings commands, 1 takes reports:
#   f       fork a child       ->  PID CONTROL STATUS, or !WHY
#   r PID   forget a child
# A child has the program's pipes as 0, 1 and 2. It reads its request from CONTROL:
#   LENGTH:DIRECTORY\0COUNT\0WORD\0…NAME=VALUE\0…
# What is written to STATUS is why the program could not be run; its end alone says that it runs.
use POSIX ();
my $idle = 300;    # seconds without a command, after which the next start begins a new server
$0 = 'postern-start';
open(my $reports, '>&', \*STDOUT) or exit 1;
pipe(my $life_read, my $life_write) or exit 1;
my ($buffer, %gone) = ('');
vec(my $commands = '', 0, 1) = 1;
while (select(my $ready = $commands, undef, undef, $idle)) {
  sysread(STDIN, $buffer, 4096, length $buffer) or last;
  while ($buffer =~ s/^([^\n]*)\n//) {
    my $command = $1;
    if ($command =~ /^r (\d+)$/) { $gone{$1} = 1 }
    elsif ($command eq 'f') {
      my $child = fork;
      if (!defined $child) { syswrite($reports, "!$!\n") }
      elsif (!$child) { close $life_write; child(); POSIX::_exit(127) }
    }
  }
  for (keys %gone) { delete $gone{$_} if waitpid($_, POSIX::WNOHANG()) }
}
POSIX::_exit(0);

sub child {
  POSIX::setsid();
  pipe(my $input, my $input_end) or return; pipe(my $output_end, my $output) or return;
  pipe(my $errors_end, my $errors) or return; pipe(my $control, my $control_end) or return;
  pipe(my $status_end, my $status) or return;
  POSIX::dup2(fileno $input, 0); POSIX::dup2(fileno $output, 1); POSIX::dup2(fileno $errors, 2);
  # What opens a pipe by /proc makes an end of its own: of each, the program's is left.
  close $_ for $input, $input_end, $output, $output_end, $errors, $errors_end, $status_end;
  # Not before: its pipes are opened as soon as it is known.
  syswrite($reports, join(' ', $$, fileno $control, fileno $status) . "\n"); close $reports;
  my ($request, $length) = ('');
  vec(my $want = '', fileno $control, 1) = 1; vec($want, fileno $life_read, 1) = 1;
  until (defined $length && length $request >= $length) {
    next if select(my $ready = $want, undef, undef, undef) < 0;
    return if vec($ready, fileno $life_read, 1);
    sysread($control, $request, 65536, length $request) or return;
    $length = $1 if !defined $length && $request =~ s/^(\d+)://;
  }
  my ($directory, $count, @words) = split /\0/, $request, -1;
  pop @words;
  my @command = splice @words, 0, $count;
  %ENV = ();
  for (@words) { my $at = index($_, '='); $ENV{substr($_, 0, $at)} = substr($_, $at + 1) }
  no warnings;
  chdir $directory and exec { $command[0] } @command;
  syswrite($status, "$!");
}
