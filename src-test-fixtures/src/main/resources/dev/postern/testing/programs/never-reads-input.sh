#!/bin/sh
printf 'Content-Type: text/plain\n\nunread\n'
