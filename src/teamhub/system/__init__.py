"""What the other packages need of the system: programs, units, reports, tables, remedies."""
