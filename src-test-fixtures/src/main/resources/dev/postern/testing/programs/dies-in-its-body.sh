#!/bin/sh
printf 'Content-Type: text/plain\n\nhalf'
kill -9 $$
