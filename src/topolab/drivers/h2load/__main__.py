"""`python -m topolab.drivers.h2load`: a load worker on standard input and output."""

from topolab.drivers.h2load.loads import do
from topolab.drivers.worker import serve

serve(do)
