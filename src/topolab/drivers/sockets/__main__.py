"""`python -m topolab.drivers.sockets`: a load worker on standard input and output."""

from topolab.drivers.sockets.loads import do
from topolab.drivers.worker import serve

serve(do)
