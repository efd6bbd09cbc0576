"""On whose clocks an authority works: the zone of the place where it sits, by country."""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache
from types import MappingProxyType
from zoneinfo import ZoneInfo

from incidents.law.localtime import zones_by_country

# Countries with several zones: that of the seat of government or of the authority itself.
SEATS: Mapping[str, str] = MappingProxyType(
    {
        "AR": "America/Argentina/Buenos_Aires",
        "AU": "Australia/Sydney",
        "BR": "America/Sao_Paulo",
        "CA": "America/Toronto",
        "CL": "America/Santiago",
        "CN": "Asia/Shanghai",
        "CY": "Asia/Nicosia",
        "DE": "Europe/Berlin",
        "EC": "America/Guayaquil",
        "ES": "Europe/Madrid",
        "ID": "Asia/Jakarta",
        "KZ": "Asia/Almaty",
        "MX": "America/Mexico_City",
        "MY": "Asia/Kuala_Lumpur",
        "NZ": "Pacific/Auckland",
        "PT": "Europe/Lisbon",
        "RU": "Europe/Moscow",
        "UA": "Europe/Kyiv",
        "US": "America/New_York",
    }
)


@lru_cache(maxsize=512)
def zone_of(country: str | None) -> ZoneInfo | None:
    """The zone of a country's authorities; None without a country, and where its zones leave that open."""
    if country is None:
        return None
    if country in SEATS:
        return ZoneInfo(SEATS[country])
    zones = zones_by_country().get(country, ())
    return ZoneInfo(zones[0]) if len(zones) == 1 else None
