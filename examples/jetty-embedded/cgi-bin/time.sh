#!/bin/sh
printf 'Content-Type: text/plain\n\n'
date -u +%Y-%m-%dT%H:%M:%SZ
