#!/bin/sh
exec <&-
printf 'Content-Type: text/plain\n\nclosed\n'
