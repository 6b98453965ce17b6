"""The protocols over SQL: portable statements, one method one transaction."""
