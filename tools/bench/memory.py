"""How much memory the serving process holds, idle and after a load; beside it the floor's."""

from __future__ import annotations

import time
from pathlib import Path

from tools.bench.figures import Part
from tools.bench.intake import both
from tools.bench.plan import Plan
from tools.bench.processes import resident

CLIENTS = 8


def memory(plan: Plan, folder: Path) -> Part:
    """Resident memory after the start, and at rest after reports from eight clients."""
    part = Part("memory", "Memory: resident, MiB", ("server", "after start", "after the load", "reports in between"))
    with both(folder) as servers:
        time.sleep(plan.rest)
        before = {server.name: resident(server.process.pid) for server in servers}
        for server in servers:
            came = server.take(CLIENTS, plan.memory_burst)
            time.sleep(plan.rest)
            after, count = resident(server.process.pid), len(came.milliseconds)
            part.rows.append([server.name, f"{before[server.name]:.0f}", f"{after:.0f}", str(count)])
            part.figures.append(
                {"server": server.name, "start_mib": before[server.name], "after_mib": after, "reports": count}
            )
    return part
