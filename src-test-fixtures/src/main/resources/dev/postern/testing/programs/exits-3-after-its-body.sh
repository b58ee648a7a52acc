#!/bin/sh
printf 'Content-Type: text/plain\n\nwhole\n'
exit 3
