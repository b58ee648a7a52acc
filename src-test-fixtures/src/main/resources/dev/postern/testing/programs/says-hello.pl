#!/usr/bin/perl
use strict;
use warnings;
binmode STDOUT;
print "Content-Type: text/plain\r\n\r\nhello from perl $ENV{PATH_INFO}\n";
