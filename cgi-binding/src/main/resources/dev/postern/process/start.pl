# Starts programs for a JVM that has no other way to do it in one step: each child becomes its program by one exec.
# Descriptor 0 brings commands, 1 takes reports:
#   f                          ->  PID CONTROL STATUS of a new child, or !WHY
#   (end of a child)           ->  = PID STATUS, as wait(2) has it
# A child has the program's pipes as 0, 1 and 2. It reads its request from CONTROL:
#   LENGTH:DIRECTORY\0COUNT\0WORD\0…NAME=VALUE\0…
# What is written to STATUS is why the program could not be run; its end alone says that it runs.
# When the commands end, children without a request end, and the server ends with the last program.
use POSIX ();
$0 = 'postern-start';
open(my $reports, '>&', \*STDOUT) or exit 1;
pipe(my $life_read, my $life_write) or exit 1;
pipe(my $ended, my $wake) or exit 1;
$SIG{CHLD} = sub { syswrite($wake, '.') };
my ($buffer, $living, $closed) = ('', 0, 0);
vec(my $want = '', 0, 1) = 1; vec($want, fileno $ended, 1) = 1;
while (!$closed || $living > 0) {
  # A signal that comes right before this call is handled after it: while programs run beside two spares, that is soon.
  next if select(my $ready = $want, undef, undef, $living > ($closed ? 0 : 2) ? 0.02 : undef) < 0;
  sysread($ended, my $dots, 4096) if vec($ready, fileno $ended, 1);
  while ((my $pid = waitpid(-1, POSIX::WNOHANG())) > 0) { $living--; syswrite($reports, "= $pid $?\n") }
  next unless vec($ready, 0, 1);
  if (!sysread(STDIN, $buffer, 4096, length $buffer)) {
    close $life_write; vec($want, 0, 1) = 0; $closed = 1;
  }
  while ($buffer =~ s/^([^\n]*)\n//) {
    next if $1 ne 'f';
    my $child = fork;
    if (!defined $child) { syswrite($reports, "!$!\n") }
    elsif ($child) { $living++ }
    else { $SIG{CHLD} = 'DEFAULT'; close $_ for $life_write, $ended, $wake; child(); POSIX::_exit(127) }
  }
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
