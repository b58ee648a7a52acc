#!/bin/sh
# Goes on when the file that the query names is there.
printf 'Content-Type: text/plain\n\none '
while [ ! -e "$QUERY_STRING" ]; do sleep 0.05; done
printf 'two'
