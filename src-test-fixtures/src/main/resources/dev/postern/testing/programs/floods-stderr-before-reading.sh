#!/bin/sh
head -c 3000000 /dev/zero | tr '\0' 'e' >&2
printf 'Content-Type: text/plain\n\n'
wc -c
