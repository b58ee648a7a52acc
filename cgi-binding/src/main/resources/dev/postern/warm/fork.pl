# A fork server for one Perl script. The interpreter reads this from its standard input, in a BEGIN
# block of -M, before it compiles the script. The script's BEGIN blocks and `use` run once, here; its
# main program runs in children alone. The host has put assignments to $mode, @preload, @request and
# $reset in front. Descriptor 0 brings commands, 1 takes reports:
#   f       fork a child       ->  PID INPUT OUTPUT ERRORS CONTROL, or !fork: WHY
#   r PID   forget a child
#   q       learn no more
#   (load)                     ->  ready FILE FILE…, or !WHY it must not be served like this
#   (end of a child)           ->  + PID FILE=PATH…, what it had loaded, while there is something to learn
use POSIX ();

my ($commands, $reports, $log);         # far above what the script opens, and closed before it runs
my ($early_output, $early_errors, %inherited, %before, $first_random);
my ($life_read, $life_write, %loaded, $report_path, $told);
our ($script_descriptor, $server, $learning);

sub open_again { my ($from, $to) = @_; POSIX::dup2($from, $to); open(my $handle, '+<&=', $to) or POSIX::_exit(1); $handle }

# Past all handles: a script's -C or `use open` may have given them layers, which these calls refuse.
sub put { my ($to, $text) = @_; while (length $text) { my $n = POSIX::write($to, $text, length $text) // return 0; substr($text, 0, $n) = '' } 1 }
sub get { my ($from) = @_; my $n = POSIX::read($from, my $bytes, 65536); $n ? substr($bytes, 0, $n) : '' }

sub begin_load {
  if ($reset) { for (qw(HUP INT QUIT PIPE TERM USR1 USR2 ALRM CHLD)) { $SIG{$_} = 'DEFAULT' if ($SIG{$_} // '') eq 'IGNORE' } }
  %inherited = map { $_ => readlink("/proc/self/fd/$_") // '' } descriptors();
  $commands = open_again(0, 61); $reports = open_again(1, 62); $log = open_again(2, 63);
  # Who reads at load takes this byte; what is written at load stays in a pipe, as it would begin.
  pipe(my $byte, my $into); put(fileno $into, 'x'); POSIX::dup2(fileno $byte, 0); close $byte; close $into;
  $early_output = early(1); $early_errors = early(2);
  srand(42); $first_random = rand(); srand(42);
  %before = %ENV; tie %ENV, 'Postern::Warm::Environment', \%before, \@request;
  serve() if $mode eq 'libraries';
}

# Puts a pipe in the place of a descriptor, and returns the end that is read.
sub early {
  my ($descriptor) = @_;
  pipe(my $read, my $write); POSIX::dup2(fileno $write, $descriptor); close $write;
  open_again(fileno $read, 63 + $descriptor);
}

# What is in a pipe now. At most 64 KiB fit; who writes more at load waits until the host has had enough.
sub waiting {
  my ($handle) = @_; my $bytes = '';
  vec(my $want = '', fileno $handle, 1) = 1;
  $bytes = get(fileno $handle) if select($want, undef, undef, 0);
  $bytes;
}

sub refuse { my $why = "!$_[0]"; $why =~ tr/\n\t/  /; put(62, "$why\n"); POSIX::_exit(0) }

# Loads what earlier children have loaded. One that comes from elsewhere here, or asks for what only a
# request knows, is at fault, and is left out next time.
sub preload {
  for (@preload) {
    my ($name, $path) = @$_;
    next if $INC{$name};
    local ($@, $!, $_); local $SIG{__DIE__}; local $SIG{__WARN__} = sub { };
    refuse("drop $name") unless eval { require $name; 1 } && $INC{$name} eq $path;
    refuse("drop $name") if (tied %ENV)->{asked} || rand() != $first_random;
    srand(42); $first_random = rand(); srand(42);
  }
}

sub serve {
  my $random = rand() != $first_random; srand(42); $first_random = rand(); srand(42);
  my $asked = (tied %ENV)->{asked};
  refuse("it reads $asked while it loads") if $asked;
  refuse('it draws random numbers while it loads') if $random;
  preload();
  %loaded = %INC; $server = $$;
  my ($set, $deleted) = settle_environment();
  { my $old = select(STDOUT); my $flush = $|; $| = 1; $| = $flush; select($old) }
  refuse('it writes its output while it loads') if length waiting($early_output);
  { my $byte; refuse('it reads its input while it loads') unless (POSIX::read(0, $byte, 1) // 0) eq '1' && $byte eq 'x' }
  refuse('it sets an alarm while it loads') if alarm(0);
  my $said = waiting($early_errors);
  open(my $null, '+<', '/dev/null'); POSIX::dup2(fileno $null, $_) for 0, 1; POSIX::dup2(63, 2);
  close $_ for $null, $early_output, $early_errors;
  my @files = private_files();
  my $children = $SIG{CHLD}; $SIG{CHLD} = 'DEFAULT';
  $report_path = "/proc/$$/fd/62";
  put(62, join("\t", 'ready', grep { defined && !ref && !/[\t\n]/ } values %INC) . "\n");
  pipe($life_read, $life_write);
  my ($buffer, %gone) = ('');
  while (length(my $more = get(61))) {
    $buffer .= $more;
    while ($buffer =~ s/^([^\n]*)\n//) {
      my $command = $1;
      if ($command =~ /^r (\d+)$/) { $gone{$1} = 1 }
      elsif ($command eq 'q') { $learning = 0 }
      elsif ($command eq 'f') {
        my $child = fork;
        if (!defined $child) { put(62, "!fork: $!\n") }
        elsif (!$child) {
          if (defined $children) { $SIG{CHLD} = $children } else { delete $SIG{CHLD} }
          child($set, $deleted, $said, \@files);
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
  pipe(my $input, my $input_end); pipe(my $output_end, my $output);
  pipe(my $errors_end, my $errors); pipe(my $control, my $control_end);
  put(62, join(' ', $$, map { fileno $_ } $input_end, $output_end, $errors_end, $control_end) . "\n");
  close $reports;
  my ($request, $length) = ('');
  vec(my $want = '', fileno $control, 1) = 1; vec($want, fileno $life_read, 1) = 1;
  until (defined $length && length $request >= $length) {
    select(my $ready = $want, undef, undef, undef);
    # Before its request, and all of it is left in the pipe: the host sees that, and runs it otherwise.
    POSIX::_exit(0) if vec($ready, fileno $life_read, 1);
    POSIX::_exit(0) unless length(my $more = get(fileno $control));
    $request .= $more;
    $length = $1 if !defined $length && $request =~ s/^(\d+)://;
  }
  close $_ for $input_end, $output_end, $errors_end, $control, $control_end, $life_read;
  my ($how, @variables) = split /\0/, $request, -1; pop @variables;
  # Under the handles, which keep their layers.
  POSIX::dup2(fileno $input, 0) if $how =~ s/^p//; $how =~ s/^n//;
  POSIX::dup2(fileno $output, 1); POSIX::dup2(fileno $errors, 2);
  close $_ for $input, $output, $errors, $log;
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

# What load did to the environment is done to that of each request.
sub settle_environment {
  my $tied = tied %ENV; my $now = $tied->{now}; my ($asked, $stored) = @$tied{qw(asked stored)};
  untie %ENV; %ENV = (); $ENV{$_} = $now->{$_} for keys %$now;
  refuse("it reads $asked while it loads") if $asked;
  refuse('it changes the environment and starts programs while it loads') if $stored && had_children();
  my %set = map { $_ => $ENV{$_} } grep { !exists $before{$_} || $before{$_} ne $ENV{$_} } keys %ENV;
  return (\%set, [grep { !exists $ENV{$_} } keys %before]);
}

# Whether a child was waited for: its page faults are in the 11th field.
sub had_children {
  open(my $stat, '<', '/proc/self/stat') or return 1; my $line = <$stat>; close $stat;
  $line =~ s/^.*\) //s; (split / /, $line)[8] > 0;
}

# Files that are open after load: each child needs an offset of its own. Connections cannot be shared.
sub private_files {
  # perl gives back what it has read ahead before it forks, so that positions are wrong until then.
  my $child = fork; POSIX::_exit(0) unless $child; waitpid($child, 0);
  my @files;
  for my $descriptor (descriptors()) {
    next if $descriptor =~ /^6[1-5]$/;
    my $to = readlink("/proc/self/fd/$descriptor") // next;
    next if ($inherited{$descriptor} // '') eq $to && $to !~ m{^/};
    refuse("it has $to open after it has loaded") if $to =~ /^(?:socket|pipe|anon_inode):/;
    next unless -f "/proc/self/fd/$descriptor";
    open(my $info, '<', "/proc/self/fdinfo/$descriptor") or next; my $text = join '', <$info>; close $info;
    my ($position) = $text =~ /^pos:\s+(\d+)/m; my ($flags) = $text =~ /^flags:\s+(\d+)/m;
    if ($mode eq 'libraries' && !defined $script_descriptor) { $script_descriptor = $descriptor; next }
    push @files, [$descriptor, oct($flags) & 0102003, $position];
  }
  return @files;
}

sub descriptors {
  opendir(my $directory, '/proc/self/fd') or return;
  map { /^(\d+)$/ && $1 > 2 ? $1 : () } sort { $a <=> $b } grep { /^\d+$/ } readdir $directory;
}

# What this child had loaded beyond its server, by the server's own descriptor: the child has none left.
END {
  if ($learning && defined $server && $$ != $server && !$told) {
    $told = 1; my $status = $?;
    if (defined(my $report = POSIX::open($report_path, 1 | 04000))) {
      my @names = grep { defined $INC{$_} && !ref $INC{$_} && !$loaded{$_} && /^[\w\/.]+$/ && $INC{$_} =~ /^[^\s=]+$/ } sort keys %INC;
      while (@names) { put($report, join(' ', '+', $$, map { "$_=$INC{$_}" } splice @names, 0, 12) . "\n") }
      put($report, "+ $$ .\n"); POSIX::close($report);
    }
    $? = $status;
  }
}
INIT { serve() if $mode eq 'script' }

package Postern::Warm::Environment;
my $of_a_request = qr/^(?:REQUEST_(?:METHOD|URI|SCHEME)|QUERY_STRING|CONTENT_(?:TYPE|LENGTH)|PATH_(?:INFO|TRANSLATED)|SCRIPT_NAME|(?:REMOTE|HTTP|SERVER|AUTH|SSL|REDIRECT)_.*|HTTPS)$/;
sub TIEHASH { my ($class, $before, $names) = @_; bless { now => {%$before}, asked => '', stored => 0, names => { map { $_ => 1 } @$names } }, $class }
sub ask { my ($self, $name) = @_; $self->{asked} ||= $name if !exists $self->{now}{$name} && ($self->{names}{$name} || $name =~ $of_a_request) }
sub FETCH { my ($self, $name) = @_; $self->ask($name); $self->{now}{$name} }
sub EXISTS { my ($self, $name) = @_; $self->ask($name); exists $self->{now}{$name} }
sub STORE { my ($self, $name, $value) = @_; $self->{stored} = 1; $self->{now}{$name} = defined $value ? "$value" : '' }
sub DELETE { my ($self, $name) = @_; $self->ask($name); $self->{stored} = 1; delete $self->{now}{$name} }
sub CLEAR { my ($self) = @_; $self->{stored} = 1; $self->{asked} ||= 'all of %ENV'; $self->{now} = {} }
sub FIRSTKEY { my ($self) = @_; $self->{asked} ||= 'all of %ENV'; my @reset = keys %{ $self->{now} }; each %{ $self->{now} } }
sub NEXTKEY { each %{ $_[0]{now} } }
sub SCALAR { my ($self) = @_; $self->{asked} ||= 'all of %ENV'; scalar %{ $self->{now} } }

package Postern::Warm;
begin_load();
1;
