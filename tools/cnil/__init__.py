"""The breaches notified to the CNIL, as facts, and the advice on each beside what people were told."""
