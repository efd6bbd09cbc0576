"""What the law asks, and by when: instants, counting, local time and the regimes as dated data."""
