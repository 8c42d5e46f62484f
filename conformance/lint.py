"""What is wrong between the catalogue and the checks: each clause has exactly one of checks, a reason, or a person."""

from collections import Counter
from collections.abc import Iterator

from conformance.catalogue import Catalogue
from conformance.links import Confirmed
from conformance.registry import Registry
from scenarios.problems import hint


def unclassified(registry: Registry, catalogue: Catalogue) -> dict[str, tuple[str, ...]]:
    """The clauses that have neither checks nor a reason nor a person, by area; areas without one are left out."""
    known = registry.linked | set(registry.untestable) | set(registry.operator_only)
    open_ = {
        area.name: tuple(item.id for item in area.requirements if item.id not in known) for area in catalogue.areas
    }
    return {area: clauses for area, clauses in open_.items() if clauses}


def problems(registry: Registry, catalogue: Catalogue, confirmed: Confirmed) -> tuple[str, ...]:
    """What is wrong, a line each; clauses that are not classified yet are told by `unclassified`."""
    return (*_checks(registry, catalogue), *_classes(registry, catalogue), *_links(registry, catalogue, confirmed))


def _checks(registry: Registry, catalogue: Catalogue) -> Iterator[str]:
    for name in registry.unlinked:
        yield f"{name}: a check without a clause; give it `@clause`"
    for name, count in Counter(check.id for check in registry.checks).items():
        if count > 1:
            yield f"{name}: {count} checks have this id"
    for check in registry.checks:
        if not check.about:
            yield f"{check.id}: it does not say what it judges; write a docstring"
        for clause in check.clauses:
            if clause not in catalogue:
                yield f"{check.id}: there is no clause {clause}; {hint(clause, (item.id for item in catalogue))}"
        for clause, count in Counter(check.clauses).items():
            if count > 1:
                yield f"{check.id}: {clause} is named {count} times"


def _classes(registry: Registry, catalogue: Catalogue) -> Iterator[str]:
    for clause in registry.twice:
        yield f"{clause}: two files of checks tell why it has no check"
    tables = {"untestable": registry.untestable, "operator-only": registry.operator_only}
    for name, table in tables.items():
        for clause, reason in table.items():
            if clause not in catalogue:
                yield f"{clause}: {name}, and there is no such clause"
            if not reason.strip():
                yield f"{clause}: {name} without a reason"
            if clause in registry.linked:
                yield f"{clause}: {name}, and checks judge it: {', '.join(one.id for one in registry.of(clause))}"
    for clause in sorted(registry.untestable.keys() & registry.operator_only.keys()):
        yield f"{clause}: both untestable and operator-only"


def _links(registry: Registry, catalogue: Catalogue, confirmed: Confirmed) -> Iterator[str]:
    pairs = {(clause, check.id) for check in registry.checks for clause in check.clauses if clause in catalogue}
    for clause, check in sorted(pairs - confirmed.keys()):
        yield f"{check}: nobody has confirmed yet that it judges {clause}"
    for clause, check in sorted(confirmed.keys() - pairs):
        yield f"{check}: it does not judge {clause} any more, and the link is still confirmed"
    for clause, check in sorted(pairs & confirmed.keys()):
        if confirmed[clause, check] != catalogue[clause].fingerprint:
            yield f"{check}: stale, the statement of {clause} has changed since somebody found that it judges it"
