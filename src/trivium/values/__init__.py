"""The few shapes that everything speaks: frozen structs, one per entity, passed between all layers."""
