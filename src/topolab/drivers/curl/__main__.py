"""`python -m topolab.drivers.curl`: a load worker on standard input and output."""

from topolab.drivers.curl.loads import do
from topolab.drivers.worker import serve

serve(do)
