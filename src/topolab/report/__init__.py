"""From a stored run to terminal, Markdown, CSV, JSON and pictures. No server runs, and no clock is read."""

from topolab.report.files import undrawn, write_files
from topolab.report.report import Report, read_report

__all__ = ["Report", "read_report", "undrawn", "write_files"]
