#!/bin/sh
# The query names the file that says so; another one has the program's number.
echo $$ >"$QUERY_STRING.pid"
cat >/dev/null && touch "$QUERY_STRING"
printf 'Content-Type: text/plain\n\nread\n'
