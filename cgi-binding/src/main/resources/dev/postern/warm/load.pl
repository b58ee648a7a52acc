# What a fork server and a reused worker share: how a Perl script is loaded, and what of that cannot be the same for
# each request. The interpreter reads this from its standard input, in a BEGIN block of -M, before it compiles the
# script. The host has put assignments to $mode, @preload, @request, $reset, $learning and $graceful in front. Descriptor
# 0 brings commands, 1 takes reports:
#   (load)                     ->  ready FILE FILE…, or !WHY it must not be served like this
use POSIX ();

my ($commands, $reports, $log);         # far above what the script opens, and closed before it runs
my ($early_output, $early_errors, %inherited, %before, $first_random);
our $learning;

sub open_again { my ($from, $to) = @_; POSIX::dup2($from, $to); open(my $handle, '+<&=', $to) or POSIX::_exit(1); $handle }

sub begin_load {
  if ($reset) { for (qw(HUP INT QUIT PIPE TERM USR1 USR2 ALRM CHLD)) { $SIG{$_} = 'DEFAULT' if ($SIG{$_} // '') eq 'IGNORE' } }
  %inherited = map { $_ => readlink("/proc/self/fd/$_") // '' } descriptors();
  $commands = open_again(0, 61); $reports = open_again(1, 62); $log = open_again(2, 63);
  # Who reads at load takes this byte; what is written at load stays in a pipe, as it would begin.
  pipe(my $byte, my $into); put(fileno $into, 'x'); POSIX::dup2(fileno $byte, 0); close $byte; close $into;
  $early_output = early(1); $early_errors = early(2);
  srand(42); $first_random = rand(); srand(42);
  %before = %ENV; tie %ENV, 'Postern::Warm::Environment', \%before, \@request;
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

# What was seen while it was loaded, as a refusal; what load did to the environment and wrote on standard error is
# done for each request. What is loaded by the host's wish comes in between.
sub settle_load {
  my ($more) = @_;
  my $random = rand() != $first_random; srand(42); $first_random = rand(); srand(42);
  my $asked = (tied %ENV)->{asked};
  refuse("it reads $asked while it loads") if $asked;
  refuse('it draws random numbers while it loads') if $random;
  $more->();
  my ($set, $deleted) = settle_environment();
  { my $old = select(STDOUT); my $flush = $|; $| = 1; $| = $flush; select($old) }
  refuse('it writes its output while it loads') if length waiting($early_output);
  { my $byte; refuse('it reads its input while it loads') unless (POSIX::read(0, $byte, 1) // 0) eq '1' && $byte eq 'x' }
  refuse('it sets an alarm while it loads') if alarm(0);
  my $said = waiting($early_errors);
  open(my $null, '+<', '/dev/null'); POSIX::dup2(fileno $null, $_) for 0, 1; POSIX::dup2(63, 2);
  close $_ for $null, $early_output, $early_errors;
  return ($set, $deleted, $said);
}

# Loads what earlier children have loaded, or the group was told to, which has no path. One that comes from elsewhere
# here, or asks for what only a request knows, is at fault, and is left out next time. So is one that returns a reference:
# if it is loaded already, `require` of the script returns 1. So are one that warns, one that changes what globals() tells,
# and one that loads a file which works on the script.
sub preload {
  my @drop;
  for (@preload) {
    my ($name, $path) = @$_;
    next if $INC{$name};
    my ($value, $warned); my %files = %INC;
    local ($@, $!, $_); local $SIG{__DIE__}; local $SIG{__WARN__} = sub { $warned = 1 };
    my $before = globals();
    push @drop, $name unless eval { $value = require $name; 1 } && ($path eq '' || $INC{$name} eq $path) && !ref $value && !$warned;
    push @drop, $name if (tied %ENV)->{asked} || rand() != $first_random;
    (tied %ENV)->{asked} = ''; srand(42); $first_random = rand(); srand(42);
    # What it has left is there for the next ones, too.
    my @along = grep { $_ ne $name && !exists $files{$_} } keys %INC;
    if (length unshared() || globals() ne $before || grep { !can_come_along($_, $INC{$_}) } @along) { push @drop, $name; last }
  }
  refuse("drop @drop") if @drop;
}

# What a module may change for the script. If it is loaded first, the script finds the change in its first line.
sub globals {
  join "\0", map { $_ // '' } $,, $\, $/, $", $;, $|, $^W, select(), (map { ($_, $SIG{$_}) } sort keys %SIG),
    map { PerlIO::get_layers($_) } *STDIN, *STDOUT, *STDERR;
}

sub report_ready { put(62, loaded_files('ready', @_)) }

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

# What children cannot share with each other: connections, threads and children of their server, and a file that each
# run would make, or empty, anew. A worker has them alone.
sub unshared {
  return '' if $mode eq 'reuse';
  for my $descriptor (descriptors()) {
    next if $descriptor =~ /^6[1-5]$/;
    my $to = readlink("/proc/self/fd/$descriptor") // next;
    next if ($inherited{$descriptor} // '') eq $to;
    return "it has $to open after it has loaded" if $to =~ /^(?:socket|pipe|anon_inode):/;
    return "it has $to open for writing after it has loaded" if -f "/proc/self/fd/$descriptor" && (open_file($descriptor))[0] & 3;
  }
  opendir(my $tasks, '/proc/self/task') or return ''; my $threads = grep { /^\d/ } readdir $tasks;
  return "it has $threads threads after it has loaded" if $threads > 1;
  local ($!, $?);
  return waitpid(-1, POSIX::WNOHANG()) == -1 ? '' : 'it has a child of its own after it has loaded';
}

# Returns the text of a module that has a package of its own, and '' for another file. Another file, such as settings.pl,
# sets variables of the script or reads them. So each run has to load it when the script asks for it.
sub own_package {
  my ($name, $file) = @_;
  return '' unless $name =~ /^[\w\/]+\.pm$/ && defined $file && !ref $file;
  my $package = join '::', split /\//, substr($name, 0, -3);
  local ($/, $!); open(my $source, '<:raw', $file) or return ''; my $text = <$source>; close $source;
  $text =~ s/^__(?:END|DATA)__$.*//ms;
  $text =~ /^\s*package\s+\Q$package\E\b/m ? $text : '';
}

# Whether a module can be loaded before the script begins: it has a package of its own, and names no variable of main.
sub can_be_first {
  my ($name, $file) = @_; my $text = own_package($name, $file);
  length $text && $file =~ /^[^\s=]+$/ && $text !~ /[\$\@%&*]\{?(?:main)?::\w/;
}

# Whether a module that is loaded first may load that file. Files of perl itself and of packages, such as Config_heavy.pl,
# are no settings of the script.
sub can_come_along {
  my ($name, $file) = @_;
  ($file // '') =~ m{^/(?:usr/(?:local/)?(?:lib(?:32|64)?|share)/(?:[^/]+/)?perl|etc/perl/)} || can_be_first($name, $file);
}

# The flags and the position of an open file.
sub open_file {
  my ($descriptor) = @_;
  open(my $info, '<', "/proc/self/fdinfo/$descriptor") or return (0, 0); my $text = join '', <$info>; close $info;
  return (oct(($text =~ /^flags:\s+(\d+)/m)[0]), ($text =~ /^pos:\s+(\d+)/m)[0]);
}

sub descriptors {
  opendir(my $directory, '/proc/self/fd') or return;
  map { /^(\d+)$/ && $1 > 2 ? $1 : () } sort { $a <=> $b } grep { /^\d+$/ } readdir $directory;
}

package Postern::Warm::Environment;
sub TIEHASH { my ($class, $before, $names) = @_; bless { now => {%$before}, asked => '', stored => 0, names => { map { $_ => 1 } @$names } }, $class }
sub ask { my ($self, $name) = @_; $self->{asked} ||= $name if !exists $self->{now}{$name} && ($self->{names}{$name} || $name =~ /^HTTP_/) }
sub FETCH { my ($self, $name) = @_; $self->ask($name); $self->{now}{$name} }
sub EXISTS { my ($self, $name) = @_; $self->ask($name); exists $self->{now}{$name} }
sub STORE { my ($self, $name, $value) = @_; $self->{stored} = 1; $self->{now}{$name} = defined $value ? "$value" : '' }
sub DELETE { my ($self, $name) = @_; $self->ask($name); $self->{stored} = 1; delete $self->{now}{$name} }
sub CLEAR { my ($self) = @_; $self->{stored} = 1; $self->{asked} ||= 'all of %ENV'; $self->{now} = {} }
sub FIRSTKEY { my ($self) = @_; $self->{asked} ||= 'all of %ENV'; my @reset = keys %{ $self->{now} }; each %{ $self->{now} } }
sub NEXTKEY { each %{ $_[0]{now} } }
sub SCALAR { my ($self) = @_; $self->{asked} ||= 'all of %ENV'; scalar %{ $self->{now} } }

package Postern::Warm;
