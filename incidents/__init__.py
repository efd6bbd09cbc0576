"""The domain: reports, incidents, their timeline and the clock. Knows no Flask and no network."""
