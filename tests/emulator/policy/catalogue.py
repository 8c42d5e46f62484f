"""The requirement catalogue, where it lies beside the checkout; tests that compare with it are skipped elsewhere."""

from pathlib import Path

import pytest
import yaml

FOLDER = Path(__file__).parents[3].parent / "shared" / "spec" / "requirements"


def clauses(*areas: str) -> dict[str, dict[str, object]]:
    """The clauses of the areas by id; of all areas where none is given."""
    if not FOLDER.is_dir():
        pytest.skip(f"no requirement catalogue at {FOLDER}")
    names = [f"{area}.yaml" for area in areas] or sorted(path.name for path in FOLDER.glob("*.yaml"))
    documents = [yaml.safe_load((FOLDER / name).read_text(encoding="utf-8")) for name in names]
    return {clause["id"]: clause for document in documents for clause in document["requirements"]}
