#!/bin/sh
printf 'Content-Type: text/plain\n\nall'
sleep 600 &
