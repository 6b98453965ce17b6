"""Tasks and pipelines: plain typed functions, cached, recorded and resumed."""
