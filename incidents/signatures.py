"""What was advised, decided and seconded on an incident, as the register tells it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from incidents.incident import Part
from incidents.timeline import Kind

KINDS = (Kind.ASSESSED, Kind.DECIDED, Kind.SECONDED)


@dataclass(frozen=True)
class Signature:
    """One signed advice, decision or second opinion: the facts of its entry, the reason, the part it is about.

    `part` is None for the incident itself, and until `with_part` has looked it up.
    """

    kind: Kind
    facts: Mapping[str, Any]
    reason: str | None
    part: Part | None = None

    def with_part(self, parts: Mapping[int, Part]) -> Signature:
        """The same with its part, among those that `parts_named` found."""
        return replace(self, part=parts.get(self.facts.get("part") or 0))


def parts_named(session: Session, signed: Iterable[Signature]) -> dict[int, Part]:
    """The parts that were signed on, by key; asks nothing where there is none."""
    keys = {one.facts.get("part") for one in signed} - {None}
    return {part.id: part for part in session.scalars(select(Part).where(Part.id.in_(keys)))} if keys else {}
