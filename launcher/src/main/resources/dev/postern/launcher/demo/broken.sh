#!/bin/sh
# A fault that real programs have: something is printed before the head.

echo 'Connecting to the database'
echo 'broken.sh: line 7: cannot open orders.db' >&2
printf 'Content-Type: text/html; charset=utf-8\r\n\r\n<h1>Orders</h1>\n'
exit 1
