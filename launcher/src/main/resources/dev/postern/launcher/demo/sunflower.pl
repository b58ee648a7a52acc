# A sunflower: seed n stands at the golden angle from seed n-1, at a distance of the root of n.
# ?seeds=N draws more or fewer of them.
use strict;
use warnings;

my ($seeds) = ($ENV{QUERY_STRING} // '') =~ /(?:^|&)seeds=([0-9]{1,4})(?:&|$)/;
$seeds = 900 unless $seeds && $seeds <= 4000;

my $golden = 4 * atan2(1, 1) * (3 - sqrt 5);
my $svg = <<"END";
<svg xmlns="http://www.w3.org/2000/svg" viewBox="-100 -100 200 200" role="img" aria-label="A sunflower of $seeds seeds">
END
for my $n (1 .. $seeds) {
  my $r = 95 * sqrt($n / $seeds);
  my $angle = $n * $golden;
  my $far = $r / 95;
  $svg .= sprintf qq{<circle cx="%.2f" cy="%.2f" r="%.2f" fill="hsl(%.0f 80%% %.0f%%)"/>\n},
    $r * cos $angle, $r * sin $angle, (50 + 35 * $far) / sqrt $seeds, 14 + 32 * $far,
    26 + 32 * $far;
}
$svg .= "</svg>\n";

print "Content-Type: image/svg+xml\r\nContent-Length: ", length $svg, "\r\n\r\n", $svg;
