"""Charts and tables of the report, whatever they show."""
