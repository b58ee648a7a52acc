# A worker for a PSGI application: one request at a time, as long as its host wants. The interpreter is
# `perl -e`, which reads this from its standard input. The host has put assignments to $file and $graceful in
# front, and pipes.pl after them. Reports and requests are those of wsgi.py.
use strict;
use warnings;
use POSIX ();

my $cut = 6;    # SIGABRT, as wait(2) tells it
POSIX::dup2(0, 61); POSIX::dup2(1, 62); POSIX::dup2(2, 63);
# Opened so that perl has them closed in what it starts.
open(my $commands, '<&=', 61) or die; open(my $reports, '>&=', 62) or die; open(my $log, '>&=', 63) or die;
open(my $null, '+<', '/dev/null') or die;
$SIG{PIPE} = 'IGNORE';
my $worker = $$;
my $output;

# A child must not hold what tells of its parent's end, nor report in its place. A response ends when nobody holds its pipe.
BEGIN {
  *CORE::GLOBAL::fork = sub () {
    my $child = CORE::fork();
    if (defined $child && !$child) { close $_ for $commands, $reports, $output // () }
    $child;
  };
}

# What is no request's reads nothing, and writes to the log.
sub rest { POSIX::dup2(fileno $null, 0); POSIX::dup2(63, 1); POSIX::dup2(63, 2) }
# Ends a child that the application has forked, and that has come back here: only the worker answers and reports.
sub end_child { my ($why) = @_; return if $$ == $worker; put(2, "$why"); flush_output(); POSIX::_exit(length $why ? 255 : 0) }
sub flush_output { my $old = select(STDOUT); local $| = 1; select($old) }
sub fail_load { my ($why) = @_; $why =~ s/[\n\t]+/ /g; put(62, "!$why\n"); POSIX::_exit(1) }

rest();
our $file;
($0) = ($file);
my $application = do { package Postern::Psgi::Application; do $file };
end_child(defined $application ? '' : $@);
fail_load($@ || "it cannot be read: $!") if !defined $application;
fail_load('it must return an application') if ref $application ne 'CODE' && !(ref $application && eval { $application->can('(&{}') || overload::Method($application, '&{}') });
# A service manager may signal all processes of a service to end. The worker then answers the request that it has, and ends as
# if the host wanted no more. A child of the application ends at once.
for my $stop (qw(HUP INT TERM)) {
  next if $SIG{$stop} && $SIG{$stop} ne 'DEFAULT';
  my $end = sub {
    if ($$ != $worker) { $SIG{$stop} = 'DEFAULT'; kill $stop, $$; return }
    local $!; POSIX::dup2(fileno $null, 61); fcntl($commands, POSIX::F_SETFD(), POSIX::FD_CLOEXEC());
  };
  my $action = POSIX::SigAction->new($end, POSIX::SigSet->new, POSIX::SA_RESTART()); $action->safe(1);
  POSIX::sigaction(POSIX->can("SIG$stop")->(), $action);
}
put(62, loaded_files('ready', $file));

# The end of a request is told with the next line: its host is woken once.
my $over = '';
while (1) {
  pipe(my $input, my $input_end) or last; undef $output; pipe(my $output_end, $output) or last;
  pipe(my $errors_end, my $errors) or last; pipe(my $control, my $control_end) or last;
  put(62, $over . join(' ', $$, map { fileno $_ } $input_end, $output_end, $errors_end, $control_end) . "\n");
  $over = '';
  my $request = receive(fileno $control, 61); last unless defined $request;
  close $_ for $input_end, $output_end, $errors_end, $control, $control_end;
  my ($how, @variables) = split /\0/, $request, -1; pop @variables;
  POSIX::dup2($how =~ /^p/ ? fileno $input : fileno $null, 0);
  POSIX::dup2(fileno $errors, 1); POSIX::dup2(fileno $errors, 2);
  my $status = turn(\@variables, $how =~ /^p/ ? $input : $null, $output, $errors);
  flush_output();
  rest();
  close $_ for $input, $output, $errors;
  $over = loaded_files('m') . "= $$ $status\n";
}
put(62, $over);
bound_end($graceful);
exit 0;

sub turn {
  my ($variables, $input, $output, $errors) = @_;
  my %env = map { my $at = index($_, '='); (substr($_, 0, $at), substr($_, $at + 1)) } @$variables;
  $env{$_} //= '' for qw(SCRIPT_NAME PATH_INFO QUERY_STRING);
  { my $old = select($errors); $| = 1; select($old) }
  %env = (%env,
    'psgi.version' => [1, 1], 'psgi.url_scheme' => ($env{HTTPS} // '') eq 'on' ? 'https' : 'http', 'psgi.input' => $input,
    'psgi.errors' => $errors, 'psgi.multithread' => 0, 'psgi.multiprocess' => 1, 'psgi.run_once' => 0,
    'psgi.nonblocking' => 0, 'psgi.streaming' => 1, 'psgix.input.buffered' => 0);
  my ($sent, $gone) = (0, 0);
  my $bytes = sub { my ($text) = @_; utf8::downgrade($text, 1) or die "body and headers must be bytes\n"; $text };
  my $write = sub {
    end_child('');
    # An application may keep this. The pipe's number may be that of another file by then.
    die "response must be written before its end\n" if !defined fileno $output;
    return if put(fileno $output, $bytes->($_[0]));
    die "output must be written: $!\n" if $! != POSIX::EPIPE();
    $gone = 1; die "postern: the client has gone\n";
  };
  my $respond = sub {
    my ($response) = @_;
    my ($status, $headers, $body) = @$response;
    die "status must be a number: $status\n" unless $status =~ /^[1-9][0-9][0-9]\z/;
    my $head = "Status: $status\r\n";
    for (my $i = 0; $i < @$headers; $i += 2) {
      my $line = "$headers->[$i]: $headers->[$i + 1]";
      die "header must hold no control characters: $headers->[$i]\n" if $line =~ /[\x00-\x08\x0a-\x1f\x7f]/;
      $head .= "$line\r\n";
    }
    $head = $bytes->("$head\r\n"); $sent = 1; $write->($head);
    if (!defined $body) { return bless { write => $write }, 'Postern::Psgi::Writer' }
    if (ref $body eq 'ARRAY') { $write->($_) for grep { length } @$body }
    else { local $/ = \65536; while (defined(my $block = $body->getline)) { $write->($block) if length $block } close_body($body, $errors) }
    return;
  };
  my $done = eval {
    my $response = $application->(\%env);
    ref $response eq 'CODE' ? $response->($respond) : $respond->($response);
    1;
  };
  my $why = $done ? '' : $@;
  end_child($why);
  return 0 if $done;
  return 0 if $gone && $why eq "postern: the client has gone\n";
  put(fileno $errors, "$why");
  return $cut if $sent;
  put(fileno $output, "Status: 500 Internal Server Error\r\nContent-Type: text/plain\r\n\r\nInternal Server Error\n") ? 0 : $cut;
}

# A response that was sent whole stays so, whatever its end dies of.
sub close_body {
  my ($body, $errors) = @_;
  return if eval { $body->close; 1 };
  my $why = $@; end_child($why); put(fileno $errors, "$why");
}

package Postern::Psgi::Writer;
sub write { $_[0]{write}->($_[1]) if length $_[1] }
sub close { }
