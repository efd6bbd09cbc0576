"""`tocsin assess`: advice on Arts 33 and 34 for a file of facts, from the rules alone. No installation is needed."""

from __future__ import annotations

import sys
from typing import Any

import click

from app.jsonlines import BadLine, answer_all
from incidents.law.assessment import Advice
from incidents.law.assessment import assess as advised
from incidents.law.facts import read
from incidents.law.severity import METHOD, Severity


@click.command()
@click.argument("file", type=click.File("rb"))
def assess(file: Any) -> None:
    """Advise on breaches: JSON lines of FILE (- for standard input) in, JSON lines out.

    Each line names id and facts; docs/advice.md says which. Whatever else stands in it is left alone. A wrong line is
    answered with its error, and then the end is 1.
    """
    if not answer_all(file, answered, sys.stdout):
        sys.exit(1)


def answered(line: dict[str, Any]) -> dict[str, Any]:
    """The answer to one line without its id. Raises `BadLine` or `Refused` with what to write instead."""
    if "facts" not in line:
        raise BadLine('facts is missing. Write such as "facts": {"exposure": "confirmed"}.')
    found = advised(read(line["facts"]))
    return {
        "advice": {
            "record": True,
            "authority": _advice(found.authority),
            "people": _advice(found.people),
            "severity": _severity(found.severity),
            "missing": list(found.missing),
        }
    }


def _advice(advice: Advice) -> dict[str, Any]:
    reasons = [{"rule": one.rule, "because": one.because, "source": one.source} for one in advice.reasons]
    return {"advice": advice.says.value, "reasons": reasons}


def _severity(severity: Severity) -> dict[str, Any]:
    return {
        "method": METHOD,
        "dpc": severity.dpc,
        "ei": severity.ei,
        "cb": severity.cb,
        "score": severity.score,
        "band": severity.band.value if severity.band else None,
    }
