#!/bin/sh
printf 'secret of the program\n' >&2
printf 'Content-Type: text/plain\n\npublic\n'
