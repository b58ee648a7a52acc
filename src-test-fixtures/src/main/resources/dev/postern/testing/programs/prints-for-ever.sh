#!/bin/sh
# Says its process id first: $2 of /proc/self/stat would be that of another program.
printf 'Content-Type: text/plain\n\n%10d\n' $$
exec yes
