#!/bin/sh
printf 'Content-Type: text/plain\n\nhalf'
exec sleep 600
