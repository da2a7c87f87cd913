"""The engine of Phonograph: turns one recording into timed text and tells about it on stdout.

One process serves one job. PROTOCOL.md beside this file is the contract with the server.
"""

# Part of the key that allows a resume: raise it with every change that can alter a transcript.
VERSION = "9"
