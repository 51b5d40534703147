"""What all rooms above need of the system: programs, units, reports, tables, remedies."""
