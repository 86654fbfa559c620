"""`python -m topolab.drivers DRIVER`: runs a load worker. DRIVER is a name in this package, or a driver's folder.

It takes the wire before it imports anything of the driver, so that the driver may print while it is imported.
"""

import os
import runpy
import sys

from topolab.drivers.wire import wire

wire()
if os.sep in sys.argv[1]:
    runpy.run_path(sys.argv[1], run_name="__main__")
else:
    runpy.run_module(f"topolab.drivers.{sys.argv[1]}", run_name="__main__", alter_sys=True)

from topolab.drivers.worker import refuse_rest  # noqa: E402 - not before the driver, which may print and take long

refuse_rest()
