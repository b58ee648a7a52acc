#!/usr/bin/python3
import os
os.write(1, b"Content-Type: application/octet-stream\n\n" + bytes(range(256)) * 4)
