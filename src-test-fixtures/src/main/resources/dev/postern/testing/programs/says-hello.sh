#!/bin/sh
printf 'Content-Type: text/plain\n\nhello from sh %s\n' "$PATH_INFO"
