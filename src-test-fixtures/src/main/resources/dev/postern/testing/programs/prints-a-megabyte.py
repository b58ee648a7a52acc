#!/usr/bin/python3
import sys
sys.stdout.buffer.write(b"Content-Type: application/octet-stream\n\n")
sys.stdout.buffer.write(bytes(i % 251 for i in range(1 << 20)))
