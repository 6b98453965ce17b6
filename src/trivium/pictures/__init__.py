"""Pictures of tables and alerts: what there is to draw as plain values, and its drawing as SVG and HTML."""
