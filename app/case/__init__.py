"""What the handlers' pages share: their forms, and an incident put into the shapes that templates show."""
