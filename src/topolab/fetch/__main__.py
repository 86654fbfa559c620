"""`python -m topolab.fetch`: requests on standard input, answers on standard output, one JSON object a line."""

import sys

from topolab.fetch.remote import serve

serve(sys.stdin, sys.stdout)
