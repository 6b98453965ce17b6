"""Lineage in OpenLineage's words (spec 2-0-2, openlineage.io), made of the catalog's events and sent to a receiver."""
