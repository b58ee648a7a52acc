#!/bin/sh
# The query names the file that says so.
cat >/dev/null && touch "$QUERY_STRING"
printf 'Content-Type: text/plain\n\nread\n'
