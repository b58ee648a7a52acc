#!/bin/sh
printf 'Content-Type: application/octet-stream\n\n'
exec cat
