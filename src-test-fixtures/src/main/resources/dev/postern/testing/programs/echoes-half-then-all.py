#!/usr/bin/python3
# Answers what it has read so far before it reads on.
import os
os.write(1, b"Content-Type: application/octet-stream\n\n")
while True:
    block = os.read(0, 65536)
    if not block:
        break
    while block:
        block = block[os.write(1, block):]
