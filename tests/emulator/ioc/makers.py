"""Makes documents and devices at random: mostly sound items about few values, so that verdicts go both ways."""

from dataclasses import dataclass
from random import Random

from emulator.ioc import Changes, FieldValue, IndicatorFile, Instance, Scalar, Snapshot, parse
from tests.emulator.ioc.documents import document, indicator, item

DATES = [
    "2026-01-01T00:00:00Z",
    "2026-01-01T00:00:00.5Z",
    "2026-01-02T00:00:00Z",
]
DURATIONS = {"1": 1, "PT1S": 1, "60": 60, "PT1M": 60, "P1DT1S": 86_401}
TEXTS = ["a", "a", "a", "A", "ab", "b", "b", "ß", "ss", "1", "true"]
INTEGERS = ["1", " 2 ", "0x2", "+1", "1 TO 2", "[2 TO 2]", "2 TO 1", "x", *["1", "2"] * 12]
ALL_CONDITIONS = [
    *("is", "isnot", "contains", "containsnot", "starts-with", "ends-with"),
    *("matches", "greater-than", "less-than"),
]
ORDERINGS = ["is", "is", "greater-than", "less-than"]
SOUND = {
    "1.0": {"string": ["is", "isnot", "contains", "containsnot"], "ordered": ["is", "isnot"]},
    "1.1": {"string": ["is", "contains", "starts-with", "ends-with", "matches"], "ordered": ORDERINGS},
}
CONTENTS = {"string": TEXTS, "int": INTEGERS, "date": [*DATES, "soon"], "duration": [*DURATIONS, "1 TO 2"]}
RARE: list[str | int | None] = [None, True, False, 60, "0x2", *TEXTS, *DATES, *DURATIONS]
USUAL: dict[str, list[str | int | None]] = {"x": ["a", "A", "ab", "b"], "y/z": [1, 2, 3, "1", " 2 "]}
TYPES = ["FileItem", "ProcessItem", "DriverItem"]
FIELDS = ["x", "y/z"]


@dataclass(frozen=True)
class Leaf:
    id: str
    item_type: str
    field: str
    condition: str
    kind: str
    content: str
    negate: str | None
    preserve_case: str | None

    def xml(self) -> str:
        return item(
            f"{self.item_type}/{self.field}",
            self.condition,
            self.content,
            self.kind,
            id=self.id,
            negate=self.negate,
            preserve_case=self.preserve_case,
        )


@dataclass(frozen=True)
class Tree:
    operator: str
    children: "tuple[Leaf | Tree | str, ...]"

    def xml(self) -> str:
        return indicator(self.operator, *(child if isinstance(child, str) else child.xml() for child in self.children))


@dataclass(frozen=True)
class Maker:
    chance: Random
    size: int

    def odd(self, odds: int) -> bool:
        return self.chance.randrange(odds) == 0

    def leaf(self, version: str) -> Leaf:
        field = self.chance.choice(FIELDS)
        kind = self.chance.choice(list(CONTENTS)) if self.odd(8) else {"x": "string", "y/z": "int"}[field]
        flags = ["maybe"] if self.odd(60) else [None, "false", "true"]
        return Leaf(
            id=str(self.chance.randrange(10**9)),
            item_type="DriverItem" if self.odd(60) else self.chance.choice(["FileItem"] * 4 + ["ProcessItem"]),
            field=field,
            condition=self.chance.choice(
                ALL_CONDITIONS if self.odd(60) else SOUND[version]["string" if kind == "string" else "ordered"]
            ),
            kind=kind,
            content=self.chance.choice(CONTENTS[kind]),
            negate=self.chance.choice(flags),
            preserve_case=self.chance.choice(flags),
        )

    def tree(self, version: str, levels: int) -> Tree:
        children: list[Leaf | Tree | str] = []
        for _ in range(self.chance.randint(0 if self.odd(60) else 1, self.size)):
            if self.odd(60):
                children.append(self.chance.choice(["<Comment/>", "<Other/>"]))
            elif levels and self.odd(3):
                children.append(self.tree(version, levels - 1))
            else:
                children.append(self.leaf(version))
        return Tree("XOR" if self.odd(60) else self.chance.choice(["AND", "and", "or"]), tuple(children))

    def document(self) -> tuple[str, list[Tree]]:
        version = self.chance.choice(["1.0", "1.1"])
        return version, [self.tree(version, self.size - 1) for _ in range(self.chance.randint(1, 2))]

    def value(self, field: str) -> Scalar:
        return self.chance.choice(RARE if self.odd(6) else USUAL[field])

    def values(self, field: str) -> FieldValue:
        return [self.value(field) for _ in range(self.chance.randint(0, 4))] if self.odd(5) else self.value(field)

    def instance(self) -> Instance:
        return {field: self.values(field) for field in FIELDS if not self.odd(12)}

    def by_key(self) -> dict[str, Instance]:
        keys = self.chance.sample("pqrstuvw", self.chance.randint(0, 8))
        return {key: self.instance() for key in keys}

    def device(self) -> Snapshot:
        return Snapshot({item_type: self.by_key() for item_type in TYPES if not self.odd(20)})

    def changes(self) -> Changes:
        return Changes(
            put={item_type: self.by_key() for item_type in TYPES if self.odd(2)},
            gone={item_type: self.some_keys() for item_type in TYPES},
        )

    def some_keys(self) -> frozenset[str]:
        return frozenset(self.chance.choices("pqrstuvw", k=self.chance.randint(0, 6)))


def read(version: str, alternatives: list[Tree]) -> IndicatorFile:
    return parse(document(version, *(tree.xml() for tree in alternatives)), "drawn.ioc")
