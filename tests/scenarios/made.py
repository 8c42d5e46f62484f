"""Small scenarios that tests put together from their parts."""

from pathlib import Path
from typing import Any

import yaml

from scenarios.errors import UserError
from scenarios.loader import load_text
from scenarios.model import Scenario

FLEET: dict[str, Any] = {  # plain YAML
    "blocks": [
        {"name": "office", "image": "windows-office", "count": 40, "group": "Managed devices/HQ", "tags": ["noisy"]},
        {"name": "db", "image": "linux-server", "count": 5, "group": "Managed devices/HQ/Servers"},
    ]
}


def text_of(**sections: Any) -> str:
    """A scenario as a text; sections that are not given have a default."""
    data = {"name": "trial", "duration": "4h", "fleet": FLEET, **sections}
    return yaml.safe_dump(data, sort_keys=False, allow_unicode=True, width=10_000)


def loaded(_text: str | None = None, *, folder: Path = Path(), **sections: Any) -> Scenario:
    """The scenario of a text or of sections, as `trial.yaml`."""
    text = text_of(**sections) if _text is None else _text
    return load_text(text.encode(), "trial.yaml", folder=folder)


def mistakes(_text: str | None = None, *, folder: Path = Path(), **sections: Any) -> list[str]:
    """What is wrong with a text or with sections, a line each; none where it loads."""
    try:
        loaded(_text, folder=folder, **sections)
    except UserError as error:
        return str(error).splitlines()
    return []


def step(**fields: Any) -> dict[str, Any]:
    """A step that unplugs all devices, unless it says something else."""
    return {"do": "unplug", "target": "all", **fields}
