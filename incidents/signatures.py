"""What was advised, decided and seconded on an incident, as the register tells it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from incidents.incident import Part
from incidents.timeline import Kind

KINDS = (Kind.ASSESSED, Kind.DECIDED, Kind.SECONDED)


@dataclass(frozen=True)
class Signed:
    """One signed advice, decision or second opinion: the facts of its entry, and the reason."""

    kind: Kind
    facts: Mapping[str, Any]
    reason: str | None


@dataclass(frozen=True)
class Signature:
    """The same with the part of the incident that it is about; None for the incident itself."""

    kind: Kind
    facts: Mapping[str, Any]
    part: Part | None
    reason: str | None


def parts_named(session: Session, signed: Iterable[Signed]) -> dict[int, Part]:
    """The parts that were signed on, by key; asks nothing where there is none."""
    keys = {one.facts.get("part") for one in signed} - {None}
    return {part.id: part for part in session.scalars(select(Part).where(Part.id.in_(keys)))} if keys else {}


def with_parts(signed: Iterable[Signed], parts: Mapping[int, Part]) -> tuple[Signature, ...]:
    """Each with its part."""
    return tuple(Signature(one.kind, one.facts, parts.get(one.facts.get("part") or 0), one.reason) for one in signed)
