"""`python -m topolab.drivers.browser`: a load worker on standard input and output."""

from topolab.drivers.browser.loads import do
from topolab.drivers.worker import serve

serve(do)
