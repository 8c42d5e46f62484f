"""The sections of a scenario, resolved one by one: fleet, sites, ramp, groups, policies, servers, recording.

Each function takes what its section holds and gives what the run needs, or None where the mistakes, which it leaves
with the checker, make that impossible.
"""

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Final
from zoneinfo import ZoneInfo

from emulator.clock import SLOT_MS
from emulator.identity import DEFAULT_SITE
from emulator.images import IMAGES
from emulator.life import site_key
from emulator.policy.addresses import Address
from emulator.policy.certificates import made_up
from emulator.policy.errors import GroupError, SettingError
from emulator.policy.groups import GroupTree
from emulator.policy.policies import IN_FORCE, Policy, PolicySettings, PolicyStatus, parse_policy_settings
from emulator.policy.settings import GROUP_KEYS
from emulator.policy.types import PolicyType, shown_groups
from emulator.ports import Port
from emulator.simulation import interval_of
from emulator.sites import Site
from scenarios.certificates import read_certificate, with_certificates
from scenarios.fleet import DEVICES_MAX, Block, Enrolment, Fleet, ramp, scaled
from scenarios.format import FleetEntry, PolicyEntry, RecordingEntry, ServerEntry, SiteEntry
from scenarios.model import Server
from scenarios.problems import Loc, hint, shown
from scenarios.source import Plain
from scenarios.units import duration_text
from scenarios.validation import Checker

NODE_DOMAIN: Final = "seatrial.example"
"""The domain of nodes that are called by a single word."""
NODE_PORT: Final = 443

_SERVER_LISTS: Final = {"kata-integration": Port.TELEMETRY, "kics-integration": Port.KICS}


def read_fleet(checker: Checker, entry: FleetEntry, seed: int) -> Fleet | None:
    """The fleet, scaled to the number of devices where one is given."""
    if not entry.blocks:
        checker.error(("fleet", "blocks"), "the fleet has no devices", "add a block")
        return None
    names: set[str] = set()
    for index, block in enumerate(entry.blocks):
        if block.name in names:
            loc = ("fleet", "blocks", index, "name")
            checker.error(loc, f"a second block {shown(block.name)}", "give each block a name of its own")
        names.add(block.name)
    counts = tuple(block.count for block in entry.blocks)
    if entry.devices is not None:
        if entry.devices < len(counts):
            cause = f"{entry.devices} devices are too few for {len(counts)} blocks"
            checker.error(("fleet", "devices"), cause, f"give at least {len(counts)}")
            return None
        counts = scaled(counts, entry.devices)
    if sum(counts) > DEVICES_MAX:
        cause = f"the fleet has {sum(counts)} devices"
        checker.error(("fleet", "blocks"), cause, f"emulate at most {DEVICES_MAX} (DEVICES_MAX)")
        return None
    blocks = []
    first = 0
    for block, count in zip(entry.blocks, counts, strict=True):
        os = IMAGES[block.image].os
        blocks.append(
            Block(
                block.name,
                block.image,
                os,
                block.group,
                block.tags,
                count,
                first,
                block.site,
                block.licence,
                block.installed,
                block.version,
                block.kmp,
            )
        )
        first += count
    return Fleet(seed, tuple(blocks))


def read_sites(checker: Checker, entries: Sequence[SiteEntry], fleet: FleetEntry | None, seed: int) -> dict[str, Site]:
    """The sites by name, with the one of the blocks that name none; `fleet` is None where it has mistakes."""
    sites: dict[str, Site] = {}
    for index, entry in enumerate(entries):
        if entry.name in sites:
            cause = f"a second site {shown(entry.name)}"
            checker.error(("sites", index, "name"), cause, "give each site a name of its own")
            continue
        zone = None if entry.time_zone is None else ZoneInfo(entry.time_zone)
        sites[entry.name] = Site(site_key(seed, entry.name), zone, entry.latency, entry.link)
    if fleet is None:
        return sites
    used = {block.site for block in fleet.blocks}
    for index, entry in enumerate(entries):
        if entry.name not in used:
            remedy = f"let a block name it: `site: {entry.name}`"
            checker.notice(("sites", index), f"no block is at the site {shown(entry.name)}", remedy)
    if DEFAULT_SITE in used:
        sites.setdefault(DEFAULT_SITE, Site(site_key(seed, DEFAULT_SITE)))
    for index, block in enumerate(fleet.blocks):
        if block.site not in sites:
            loc = ("fleet", "blocks", index, "site")
            checker.error(loc, f"there is no site {shown(block.site)}", hint(block.site, (*sites, DEFAULT_SITE)))
    return sites


def read_ramp(checker: Checker, entry: FleetEntry, fleet: Fleet, duration_ms: int) -> tuple[Enrolment, ...]:
    """The enrolments of a ramp, none where there is no ramp or something is wrong with it.

    Its numbers are those of the blocks as they are written: where the fleet is scaled, they are scaled alike.
    """
    if entry.ramp is None:
        return ()
    loc: Loc = ("fleet", "ramp")
    written = sum(block.count for block in entry.blocks)
    first, last = entry.ramp.first, written if entry.ramp.last is None else entry.ramp.last
    if last > written:
        cause = f"the blocks have {written} devices, not {last}"
        checker.error((*loc, "to"), cause, "enrol those that there are, or raise a `count`")
    elif first > last:
        checker.error((*loc, "from"), f"{first} devices at the start and {last} at the end", "let their number grow")
    elif entry.ramp.over > duration_ms:
        checker.error((*loc, "over"), "the ramp is longer than the run", f"the run lasts {duration_text(duration_ms)}")
    else:
        first, last = (_half_up(number * len(fleet), written) for number in (first, last))
        return ramp(fleet, first=first, last=last, over_ms=entry.ramp.over, end_ms=duration_ms)
    return ()


def _half_up(part: int, whole: int) -> int:
    return (2 * part + whole) // (2 * whole)


def read_groups(
    checker: Checker, parents: Mapping[str, str], fleet: FleetEntry | None, policies: Sequence[PolicyEntry]
) -> GroupTree | None:
    """The tree that `parents` tells or, where it is empty, the one that blocks and policies name."""
    blocks = fleet.blocks if fleet is not None else ()
    named: list[tuple[Loc, str]] = [
        *((("fleet", "blocks", index, "group"), block.group) for index, block in enumerate(blocks)),
        *((("policies", index, "group"), policy.group) for index, policy in enumerate(policies)),
    ]
    try:
        tree = GroupTree.from_parents(parents)
    except GroupError as error:
        checker.error(("groups",), error.cause, error.remedy)
        return None
    for loc, path in named:
        try:
            if not parents:
                tree.add(path)
            elif path not in tree:
                checker.error(loc, f"there is no group {shown(path)}", hint(path, tree))
        except GroupError as error:
            checker.error(loc, error.cause, error.remedy)
    return tree


def read_policies(
    checker: Checker,
    data: Plain,
    entries: Sequence[PolicyEntry],
    servers: Mapping[Port, Server] | None,
    folder: Path,
) -> dict[str, Policy]:
    """The policies by name; those with mistakes in their settings are there, with the settings of a new one.

    `data` is the section as it stands in the file, so that settings are checked even where an entry is no policy;
    `folder` is the scenario's.
    """
    settings: dict[int, PolicySettings] = {}
    for index, raw in enumerate(data if isinstance(data, list) else ()):
        if isinstance(raw, dict) and isinstance(raw.get("settings"), dict):
            loc: Loc = ("policies", index, "settings")
            given = with_certificates(checker, raw["settings"], loc, folder)
            found = read_settings(checker, given, loc, PolicySettings.fresh(_type_of(raw.get("type"))))
            if found is not None:
                settings[index] = found
                if servers is not None:
                    check_addresses(checker, raw["settings"], loc, servers)
    policies: dict[str, Policy] = {}
    in_force: dict[tuple[str, str, PolicyStatus], str] = {}
    for index, entry in enumerate(entries):
        loc = ("policies", index)
        if entry.name in policies:
            cause = f"a second policy {shown(entry.name)}"
            checker.error((*loc, "name"), cause, "give each policy a name of its own")
            continue
        status = PolicyStatus(entry.status)
        place = (entry.group, entry.application, status)
        if status in IN_FORCE and place in in_force:
            cause = f"{in_force[place]!r} and {entry.name!r} are both {status} on {entry.group!r} at the start"
            checker.error((*loc, "status"), cause, "let one of them be inactive")
        in_force.setdefault(place, entry.name)
        stored = settings.get(index, PolicySettings.fresh(entry.type))
        check_shown(checker, entry.settings, (*loc, "settings"), entry.type)
        policies[entry.name] = Policy(
            entry.name,
            entry.group,
            status,
            stored,
            entry.inherit_from_parent,
            entry.force_inheritance,
            application=entry.application,
            type=entry.type,
        )
    return policies


def check_shown(checker: Checker, data: Mapping[str, Plain], loc: Loc, kind: PolicyType | None) -> None:
    """Settings groups that a policy of a type does not have cannot be set in it (KEA-POL-010)."""
    for key in data:
        if key in GROUP_KEYS and key not in shown_groups(kind):
            cause = f"a policy for {kind} does not have the settings group {shown(key)}"
            checker.error((*loc, key), cause, "leave the group out, or give the policy another `type`", key=True)


def _type_of(data: Plain) -> PolicyType | None:
    return PolicyType(data) if data in tuple(PolicyType) else None


def read_settings(checker: Checker, data: Mapping[str, Plain], loc: Loc, base: PolicySettings) -> PolicySettings | None:
    """The settings of a policy; what is not given is as in `base`. None where something is wrong with them."""
    settings = base
    wrong = False
    for key, group in data.items():
        try:
            settings = parse_policy_settings({key: group}, settings)
        except SettingError as error:
            checker.error((*loc, *error.path), error.cause, error.remedy)
            wrong = True
    return None if wrong else settings


def warn_unapplied(
    checker: Checker,
    entries: Sequence[PolicyEntry],
    policies: Mapping[str, Policy],
    switched: Iterable[tuple[str, str]],
) -> None:
    """Warns of settings whose group is unaffected by the policy (KEA-POL-024).

    `switched` tells the policies and groups whose switch a step moves.
    """
    later = set(switched)
    for index, entry in enumerate(entries):
        policy = policies.get(entry.name)
        for key, group in entry.settings.items():
            given = isinstance(group, dict) and set(group) - {"switch"}
            if policy and given and key not in policy.settings.under_policy and (entry.name, key) not in later:
                cause = f"the settings of {key!r} are stored and not applied (KEA-POL-024)"
                checker.notice(("policies", index, "settings", key), cause, "add `switch: under-policy`")


def warn_unapplied_changes(
    checker: Checker,
    changes: Iterable[tuple[Loc, str, Mapping[str, Plain]]],
    policies: Mapping[str, Policy],
    switched: Iterable[tuple[str, str]],
) -> None:
    """Warns of the same where a step saves a policy: `changes` are the place, policy and settings of each such step."""
    later = set(switched)
    for loc, name, settings in changes:
        policy = policies.get(name)
        for key, group in settings.items():
            given = isinstance(group, dict) and group and key in GROUP_KEYS
            if policy and given and key not in policy.settings.under_policy and (name, key) not in later:
                cause = f"the settings of {key!r} are stored and not applied (KEA-POL-024)"
                checker.notice((*loc, "settings", key), cause, "add `switch: under-policy`")


def read_servers(checker: Checker, entries: Mapping[str, ServerEntry], folder: Path) -> dict[Port, Server]:
    """What answers each port; one that is not named has the fake, with one node called as the port.

    `folder` is the scenario's.
    """
    servers: dict[Port, Server] = {}
    taken: set[str] = set()
    for port in Port:
        entry = entries.get(port) or ServerEntry.model_validate({})
        loc: Loc = ("servers", port.value)
        addresses = []
        nodes = entry.nodes or (port.value,)
        for index, node in enumerate(nodes):
            if node in taken or node in set(Port) - {port}:
                cause = f"{shown(node)} names another server already"
                checker.error((*loc, "nodes", index), cause, "give each node a name of its own")
                continue
            taken.add(node)
            try:
                address = str(_address_of(node))
            except SettingError:
                remedy = "write a word or a full domain name, such as cn-1 or cn-1.example.com:8443"
                checker.error((*loc, "nodes", index), f"{shown(node)} cannot be the name of a server", remedy)
                continue
            if address in addresses:
                cause = f"{shown(node)} is at the address of another server: {address}"
                checker.error((*loc, "nodes", index), cause, "give it another name or port")
            addresses.append(address)
        place = checker.document.place(loc)
        options_at = {key: checker.document.place((*loc, "options", key)) for key in entry.options}
        options_at[""] = checker.document.place((*loc, "options"))
        own = None if entry.certificate is None else _sha256(checker, entry.certificate, (*loc, "certificate"), folder)
        servers[port] = Server(
            port,
            entry.backend,
            entry.options,
            options_at,
            nodes,
            tuple(addresses),
            place,
            certificates=tuple(made_up(_called(node)[0].lower()).sha256 if own is None else own for node in nodes),
            clients=frozenset(
                _sha256(checker, text, (*loc, "client-certificates", index), folder)
                for index, text in enumerate(entry.client_certificates)
            ),
        )
    return servers


def _called(node: str) -> tuple[str, str]:
    """The word or host that a node is called by, and its port, empty where it names none."""
    host, colon, port = node.rpartition(":")
    if not colon or not (port.isascii() and port.isdigit()) or (":" in host and not host.startswith("[")):
        return node, ""
    return host.removeprefix("[").removesuffix("]"), port


def _address_of(node: str) -> Address:
    """The address of a node (KEA-CEN-007); raises SettingError where it cannot have one."""
    host, port = _called(node)
    full = host if "." in host or ":" in host else f"{host}.{NODE_DOMAIN}"
    return Address(full, int(port or NODE_PORT))


def _sha256(checker: Checker, text: str, loc: Loc, folder: Path) -> str:
    found = read_certificate(checker, text, loc, folder)
    return "" if found is None else found.sha256


def check_addresses(checker: Checker, settings: Mapping[str, Plain], loc: Loc, servers: Mapping[Port, Server]) -> None:
    """The servers that a policy lists have to be nodes of the scenario; the settings themselves are in order."""
    for key, port in _SERVER_LISTS.items():
        group = settings.get(key, {})
        for number, given in enumerate(group.get("servers", ())):
            address = f"{given['host']}:{given['port']}" if isinstance(given, dict) else given
            known = servers[port].addresses
            if address.lower() not in known:
                cause = f"no node of `servers.{port}` has the address {shown(address)}"
                checker.error((*loc, key, "servers", number), cause, hint(address, known))


def read_recording(checker: Checker, entry: RecordingEntry, duration_ms: int) -> int:
    """The recording interval in milliseconds; without one, the finest that keeps the tables small."""
    if entry.interval is None:
        return interval_of(duration_ms)
    if entry.interval % SLOT_MS:
        checker.error(("recording", "interval"), "the interval is not a multiple of 30s", "write 30s or 5min")
    return entry.interval
