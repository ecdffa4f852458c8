"""Labelled calls through bad lines: noise, telephone codecs, packet loss and the like, rendered and measured.

Conditions change audio, never what is said: the truth of a rendered call is that of the call. `conditions` lists them.
"""
