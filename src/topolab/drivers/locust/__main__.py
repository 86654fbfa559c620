"""`python -m topolab.drivers.locust`: a load worker on standard input and output."""

from topolab.drivers.locust.loads import do
from topolab.drivers.worker import serve

serve(do)
