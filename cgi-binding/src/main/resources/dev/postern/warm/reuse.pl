# A worker that runs one Perl script again and again in one process, after load.pl. The script is compiled once, as a
# sub; where it would keep `my` or `state` variables of the first request, it is compiled for each. After each
# request what can be put back is, and what is left is told. Descriptor 0 is open while the host wants the worker:
#   (free for a request)     ->  PID INPUT OUTPUT ERRORS CONTROL
#   (a request has ended)    ->  m FILE FILE…, if new files were loaded; then
#                                = PID STATUS NAME…, the status as wait(2) would have it, and what the script has left
our ($path, $source, $data, $data_at, $code, $each, $running, $exiting, $set, $deleted, $said, $worker);
my (%before_request, %loaded, %no_variable, %of_the_site, $directory, $umask, %signals, @signals, %handlers, %special, %layers, @arguments, @include);
my ($blocked, $is_blocked, $selected, $flush, $format, $top, @page);

# Not by an exception, as an eval of the script could catch that.
BEGIN {
  *CORE::GLOBAL::exit = sub (;$) {
    my $status = @_ ? $_[0] : 0;
    CORE::exit($status) unless $Postern::Warm::running && $$ == $Postern::Warm::worker;
    $Postern::Warm::exiting = ($status // 0) & 255;
    # Perl cannot leave the request from a handler, a destructor, a tied method or a sort block: `last` dies there, and an
    # eval of the script would catch that. The process ends instead, and its host takes this for the end of the request.
    { no warnings; local ($@, $SIG{__DIE__}); eval { last POSTERN_REQUEST } }
    $Postern::Warm::running = 0;
    CORE::exit($Postern::Warm::exiting);
  };
  # A child must not hold what tells of its parent's end.
  *CORE::GLOBAL::fork = sub () {
    my $child = CORE::fork();
    if (defined $child && !$child) { close $_ for $commands, $reports, $log }
    $child;
  };
}

sub load_script {
  $worker = $$; $path = shift @ARGV; ($path) = $path =~ /(.*)/s; $0 = $path; @arguments = @ARGV;
  refuse('its path has a quote or the end of a line') if $path =~ /["\n]/;
  open(my $in, '<', $path) or refuse("it cannot be read: $!");
  { local $/; $source = <$in>; close $in; ($source) = $source =~ /(.*)/s }
  # The text is code up to the first of these at the start of a line. One in a here document is found out by compiling.
  if ($source =~ /^__(?:END|DATA)__[ \t\r]*(?:\n|\z)/m) { $data_at = $+[0]; $data = $source; $source = substr($source, 0, $-[0]) }
  # A pod that goes to the end of the file would take the sub's end for its own.
  my ($last) = $source =~ /.*^=([a-zA-Z]\w*)/ms; $source .= "\n=cut\n" if defined $last && $last ne 'cut';
  # What load itself has loaded is no matter of the script.
  require B; require PerlIO;
  my $made = compile_script() or refuse("it cannot be compiled: $@");
  $each = keeps_variables(); $code = $made unless $each;
}

# Without the warnings that come of its being a sub, and of its being compiled again.
sub compile_script {
  my $before = $SIG{__WARN__};
  my $filter = sub {
    return if $_[0] =~ /^Variable "[^"]+" (?:will not stay shared|is not available) at |^(?:Constant s|S)ubroutine \S+ redefined at |^Prototype mismatch: /;
    print STDERR $_[0];
  };
  $SIG{__WARN__} = $filter;
  # By a name: what is named in it can see the variables of a sub without one only while that runs.
  my $made = compile("package main; sub Postern::Warm::script {\n#line 1 \"$path\"\n$source\n} \\&Postern::Warm::script");
  # A handler that a BEGIN block has set is the script's.
  if (ref $SIG{__WARN__} && $SIG{__WARN__} == $filter) { if (defined $before) { $SIG{__WARN__} = $before } else { delete $SIG{__WARN__} } }
  $made;
}

# Whether the script must be compiled for each request, as something in it would keep a variable of the first one: a named
# sub that uses a `my` variable of its file, or a `state` variable.
sub keeps_variables {
  my (%seen, @stashes); push @stashes, \%main::;
  while (my $stash = shift @stashes) {
    next if $seen{$stash}++;
    for my $name (keys %$stash) {
      my $entry = \$stash->{$name};
      # Perl stores a sub without a glob where it can.
      my $code = ref $entry eq 'GLOB' ? *$entry{CODE} : ref $$entry eq 'CODE' ? $$entry : undef;
      return 1 if $code && $code != \&script && keeps(B::svref_2object($code), 'named');
      push @stashes, *$entry{HASH} if $name =~ /::\z/ && ref $entry eq 'GLOB' && *$entry{HASH};
    }
  }
  keeps(B::svref_2object(\&script), 'script');
}

# The same for one sub, which is 'named', the 'script' or 'anonymous', and for those in it that have no name.
sub keeps {
  my ($cv, $kind) = @_;
  return 0 unless $cv->isa('B::CV') && defined $cv->FILE && $cv->FILE eq $path;
  my $list = $cv->PADLIST; return 0 unless ref $list && $list->can('ARRAYelt');
  my ($names, $values) = map { $_->can('ARRAY') ? [$_->ARRAY] : [] } $list->ARRAYelt(0), $list->ARRAYelt(1);
  my ($outer, $our, $state) = defined &B::PADNAMEt_OUTER ? (B::PADNAMEt_OUTER(), B::PADNAMEt_OUR(), B::PADNAMEt_STATE()) : (B::SVf_FAKE(), 0x00040000, 0x00000800);
  for my $i (0 .. $#$names) {
    my ($variable, $value) = ($names->[$i], $values->[$i]);
    next if $variable->isa('B::SPECIAL') || !$variable->can('FLAGS');
    my $text = eval { $variable->PV } // ''; next if $text eq '' || $variable->FLAGS & $our;
    if ($variable->FLAGS & $outer) { return 1 if $kind eq 'named'; next }
    # A range has one of the name '$'.
    return 1 if $variable->FLAGS & $state && length $text > 1;
    if ($text =~ /^&/) { return 1 if $value && keeps($value, 'anonymous') }
    # A closure that a BEGIN block has made holds it, wherever that closure is.
    elsif ($kind eq 'script' && $value && $value->isa('B::SV') && $value->REFCNT > 1) { return 1 }
  }
  0;
}

sub reuse {
  @include = @INC; $directory = POSIX::getcwd(); $umask = umask;
  %signals = map { $_ => $SIG{$_} } keys %SIG, '__WARN__', '__DIE__';
  @signals = sort keys %signals; %handlers = map { $_ => defined $signals{$_} ? "$signals{$_}" : '' } @signals;
  %special = (ors => $\, irs => $/, ofs => $,, list => $", subscript => $;, warn => $^W, error => $^A);
  %layers = map { $_ => join '', map { ":$_" } grep { !/^(?:unix|perlio)$/ } PerlIO::get_layers(*{"main::$_"}, $_ eq 'STDIN' ? () : (output => 1)) } qw(STDIN STDOUT STDERR);
  POSIX::sigprocmask(POSIX::SIG_BLOCK(), undef, $_ = POSIX::SigSet->new) for $blocked, $is_blocked;
  $selected = select(STDOUT); ($flush, $format, $top, @page) = ($|, $~, $^, $=, $-, $%);
  report_ready($path);
  %before_request = snapshot(); %loaded = %INC;
  # The end of a request is told with the next line: its host is woken once.
  my $over = '';
  while (1) {
    my ($input, $input_end) = POSIX::pipe() or last; my ($output_end, $output) = POSIX::pipe() or last;
    my ($errors_end, $errors) = POSIX::pipe() or last; my ($control, $control_end) = POSIX::pipe() or last;
    put(62, "$over$$ $input_end $output_end $errors_end $control_end\n");
    $over = '';
    my $request = receive($control, 61); last unless defined $request;
    POSIX::close($_) for $input_end, $output_end, $errors_end, $control, $control_end;
    my ($how, @variables) = split /\0/, $request, -1; pop @variables;
    begin_request($how =~ /^p/ ? $input : -1, $output, $errors, \@variables);
    POSIX::close($_) for $input, $output, $errors;
    my $status = run_request();
    CORE::exit($status) if $$ != $worker;
    my ($files, @left) = end_request();
    $over = $files . join(' ', '=', $$, $status << 8, @left) . "\n";
  }
  put(62, $over);
  bound_end($graceful);
  CORE::exit(0);
}

# New handles, as buffers of the last request may hold what was never read or written.
sub begin_request {
  my ($input, $output, $errors, $variables) = @_;
  close STDIN; close STDOUT; close STDERR;
  if ($input < 0) { my $null = POSIX::open('/dev/null', 0); POSIX::dup2($null, 0); POSIX::close($null) if $null > 0 } else { POSIX::dup2($input, 0) }
  POSIX::dup2($output, 1); POSIX::dup2($errors, 2);
  open(STDIN, '<&=', 0); open(STDERR, '>&=', 2);
  # With the format and the page of a new handle. Perl keeps those of one that is opened again.
  { local *OUTPUT; open(OUTPUT, '>&=', 1); *STDOUT = *OUTPUT{IO} }
  for (qw(STDIN STDOUT STDERR)) { binmode(*{"main::$_"}, $layers{$_}) if length $layers{$_} }
  select(STDERR); $| = 1; select(STDOUT); $| = $flush; ($=, $-, $%) = @page;
  # A name is one of the package that sets it, and must then be that of a format.
  { package main; $~ = $format if $format ne 'STDOUT'; $^ = $top if $top ne 'STDOUT_TOP' }
  select($selected);
  # One by one: a list with tainted values would leave all of %ENV tainted for good.
  %ENV = ();
  for (@$variables) { my $at = index($_, '='); $ENV{substr($_, 0, $at)} = substr($_, $at + 1) }
  $ENV{$_} = $set->{$_} for keys %$set; delete @ENV{@$deleted};
  put(2, $said) if length $said;
  if (defined $data) { no strict 'refs'; close main::DATA; open(main::DATA, '<', \$data); seek(main::DATA, $data_at, 0) }
}

# As perl runs a main program: what it dies of is on standard error, and its status is the exit's.
sub run_request {
  @ARGV = @arguments; @INC = @include; $0 = $path;
  ($\, $/, $,, $", $;, $^W, $^A) = @special{qw(ors irs ofs list subscript warn error)};
  srand;    # load.pl has left a seed that is the same in each worker
  my ($died, $why, $errno, $child) = (0); undef $exiting; $running = 1;
  POSTERN_REQUEST: {
    my $run = $each ? compile_script() : $code;
    if (!$run) { ($died, $why, $errno, $child) = (1, $@, 0, 0); last }
    $^T = time; $_ = undef; $! = 0; $@ = ''; $? = 0;
    # Evaluated here alone: `die` in it has handlers of the script, if any.
    eval { $run->(); 1 } or do { ($died, $why, $errno, $child) = (1, $@, $! + 0, $? >> 8) };
  }
  $running = 0;
  return $exiting if defined $exiting;
  return 0 unless $died;
  print STDERR $why;
  return ($errno & 255) || ($child & 255) || 255;
}

# Puts back what can be, and tells what cannot.
sub end_request {
  local ($@, $!, $?);
  alarm 0;
  { local $SIG{PIPE} = 'IGNORE'; close STDOUT; close STDERR; close STDIN; close main::DATA if defined $data }
  my $null = POSIX::open('/dev/null', 2); POSIX::dup2($null, $_) for grep { $_ != $null } 0, 1; POSIX::dup2(63, 2); POSIX::close($null) if $null > 2;
  open(STDIN, '<&=', 0); open(STDOUT, '>&=', 1); open(STDERR, '>&=', 2); select(STDOUT);
  eval { CGI::initialize_globals() } if defined &CGI::initialize_globals;
  %ENV = ();
  for (grep { !exists $loaded{$_} } keys %INC) { if (length own_package($_, $INC{$_})) { $loaded{$_} = 1 } else { delete $INC{$_} } }
  my ($files, @left) = loaded_files('m');
  unblock();
  for (@signals) {
    next if ($SIG{$_} // '') eq $handlers{$_};
    if (defined $signals{$_}) { $SIG{$_} = $signals{$_} } else { delete $SIG{$_} }
  }
  chdir $directory; umask $umask;
  while ((my $ended = waitpid(-1, POSIX::WNOHANG())) >= 0) { if ($ended == 0) { push @left, 'child'; last } }
  my %now = snapshot();
  my @changed = grep { !exists $before_request{$_} || $before_request{$_} ne $now{$_} } sort keys %now;
  # The names that end the worker come first, as there may be more than are told.
  my $ends = qr/^(?:(?:fd|thread):|(?:limits|priority|user)$)/;
  push @left, (grep { /$ends/ } @changed), grep { !/$ends/ } @changed if @changed;
  %before_request = %now;
  s/[^\x21-\x7e]/_/g for @left;
  splice(@left, 20, @left, '...') if @left > 20;
  return ($files, @left);
}

# Restores which signals are blocked. One that waits is dropped, as at the end of a process.
sub unblock {
  POSIX::sigprocmask(POSIX::SIG_BLOCK(), undef, $is_blocked);
  # The C library sets 8 bytes of many.
  return if substr($$is_blocked, 0, 8) eq substr($$blocked, 0, 8);
  POSIX::sigpending(my $waiting = POSIX::SigSet->new);
  for (grep { $waiting->ismember($_) } 1 .. 64) {
    POSIX::sigaction($_, POSIX::SigAction->new('IGNORE'), my $handler = POSIX::SigAction->new); POSIX::sigaction($_, $handler);
  }
  POSIX::sigprocmask(POSIX::SIG_SETMASK(), $blocked);
}

# What belongs to the process, package variables by their values or sizes, modules of the site, descriptors and threads.
sub snapshot {
  my %seen = (priority => getpriority(0, 0), user => "$< $>");
  # This file costs more than the rest, and perl itself has no call to set limits.
  $seen{limits} = $INC{'BSD/Resource.pm'} || !%before_request ? limits() : $before_request{limits};
  for my $name (keys %main::) {
    next if $no_variable{$name} //= $name =~ /::$|^(?:_<.*|ENV|INC|SIG|STDIN|STDOUT|STDERR|DATA|stdin|stdout|stderr|ARGV|ARGVOUT|BEGIN|END|INIT|CHECK|UNITCHECK|[0-9]+|[^A-Za-z].*|[ab]|__.*)$/ || 0;
    my $glob = \$main::{$name}; next unless ref $glob eq 'GLOB';
    my $scalar = *$glob{SCALAR};
    $seen{"\$$name"} = ref $$scalar ? ref $$scalar : "=$$scalar" if defined $$scalar;
    $seen{"\@$name"} = @{ *$glob{ARRAY} } if *$glob{ARRAY} && @{ *$glob{ARRAY} };
    $seen{"\%$name"} = keys %{ *$glob{HASH} } if *$glob{HASH} && %{ *$glob{HASH} };
  }
  for my $file (values %INC) { $seen{"module:$file"} = 1 if defined $file && !ref $file && ($of_the_site{$file} //= $file !~ m{^/(?:usr|etc/perl)/} || 0) }
  for (descriptors()) { next if /^6[1-3]$/; my $to = readlink "/proc/self/fd/$_"; $seen{"fd:$_"} = $to if defined $to && $to !~ m{^/proc/\d+/fd$} }
  # The kernel counts a link for each thread.
  if (((stat '/proc/self/task')[3] // 0) != 3 && opendir(my $tasks, '/proc/self/task')) {
    my $threads = grep { /^\d/ } readdir $tasks; $seen{"thread:$threads"} = 1 if $threads > 1;
  }
  return %seen;
}

sub limits { open(my $limits, '<', '/proc/self/limits') or return ''; join '', <$limits> }

begin_load();
load_script();
($set, $deleted, $said) = settle_load(\&preload);
1;
