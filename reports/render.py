"""Writes the HTML report into its run folder."""

import os
from pathlib import Path
from tempfile import TemporaryDirectory

from reports import html
from reports.folder import RunFolder
from scenarios.errors import UserError


def write_report(folder: Path | str) -> Path:
    """Writes `report.html` into the run folder and returns where it is. A report that was there before is replaced.

    It is written aside and renamed, so that nobody sees half a report. Raises `UserError` where `folder` is no run
    folder or cannot be written to.
    """
    run = RunFolder.open(folder)
    page = html.render(run)
    try:
        with TemporaryDirectory(dir=run.path, prefix=".report-") as aside:
            written = Path(aside, "report.html")
            written.write_text(page, encoding="utf-8", newline="\n")
            os.replace(written, run.report)
    except OSError as error:
        raise UserError(
            str(run.report), f"cannot be written ({error.strerror})", "make the folder writable, or free space"
        ) from error
    return run.report
