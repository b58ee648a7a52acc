#!/usr/bin/python3
import os, sys
path = os.fsencode(os.environ["PATH_INFO"])
sys.stdout.buffer.write(b"Content-Type: text/plain\n\nhello from python " + path + b"\n")
