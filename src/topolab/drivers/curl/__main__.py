"""`python -m topolab.drivers.curl`: a load worker on standard input and output."""

import sys

from topolab.drivers.curl.worker import Worker

Worker(sys.stdin, sys.stdout).serve()
