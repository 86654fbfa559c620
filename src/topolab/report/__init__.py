"""A run's summary to terminal table, Markdown, CSV, JSON and pictures. Pure: no server runs, no clock is read."""

from topolab.report.files import undrawn, write_files
from topolab.report.report import Report, read_report

__all__ = ["Report", "read_report", "undrawn", "write_files"]
