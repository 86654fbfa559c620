"""The built-in load driver: libcurl, through pycurl, in a worker process of its own.

Of this package only `protocol` is for others to import; the rest needs pycurl and runs inside the worker.
"""
