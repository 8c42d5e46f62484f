"""Writes the HTML report into its run folder."""

from pathlib import Path

from reports import html, output
from reports.folder import RunFolder


def write_report(folder: Path | str) -> Path:
    """Writes `report.html` into the run folder and returns where it is. A report that was there before is replaced.

    Nobody sees half a report. Raises `UserError` where `folder` is no run folder or cannot be written to.
    """
    run = RunFolder.open(folder)
    page = html.render(run)
    output.write(run.report, page.encode())
    return run.report
