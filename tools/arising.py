"""How long it takes to list the duties of one incident under every regime: `python -m tools.arising`."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from statistics import median
from time import perf_counter, process_time

from incidents.law import facts, situation
from incidents.law.arising import Standing, arising
from incidents.law.profile import Contract, Entity, Product, Profile
from incidents.law.regimes import Capacity, load

ROUNDS = 200


def profile() -> Profile:
    """A company that meets much: three entities, four capacities and forty customers with hours of their own."""
    return Profile(
        entities=(Entity("Northwind Ltd", "GB"), Entity("Northwind GmbH", "DE-BY"), Entity("Northwind Inc.", "US-CA")),
        capacities=frozenset({Capacity.FINANCIAL_ENTITY, Capacity.ESSENTIAL_ENTITY, Capacity.LISTED_COMPANY}),
        products=frozenset({Product.DIGITAL_ELEMENTS}),
        contracts=tuple(Contract(f"Customer {number}", 24 + number) for number in range(40)),
    )


def main() -> None:
    """Print the median and the slowest of many rounds, each from another start, so that nothing is counted before."""
    known = situation.read(
        {
            "our_role": "both",
            "personal_data": True,
            "affected": {"countries": ["FR", "DE-BY", "IN", "BR", "US-CA", "GB"], "residents": {"US-CA": 700}},
            "systems": {"countries": ["IN", "CN"]},
        }
    )
    of_breach = facts.read({"exposure": "confirmed", "data": ["health"], "recipients": {"kind": "hostile"}})
    first, ours = datetime(2026, 11, 25, 9, 15, tzinfo=UTC), profile()
    took: list[float] = []
    busy: list[float] = []
    for number in range(ROUNDS):
        start = first + timedelta(minutes=number)
        began, used = perf_counter(), process_time()
        found = arising(ours, known, of_breach, on=start.date(), start=start)
        took.append((perf_counter() - began) * 1000)
        busy.append((process_time() - used) * 1000)
    arise = sum(one.standing is Standing.ARISES for one in found)
    rules = sum(1 for _rule in load().rules())
    print(f"{rules} rules and {len(ours.contracts)} contracts, {arise} of them arise")
    slowest = max(took[1:])
    print(f"median {median(took):.1f} ms, slowest {slowest:.1f} ms, the first of all {took[0]:.1f} ms")
    print(f"of the processor's time: median {median(busy):.1f} ms, slowest {max(busy[1:]):.1f} ms")


if __name__ == "__main__":
    main()
