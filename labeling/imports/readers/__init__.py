"""The formats that files may come in: a module each, which adds its Reader to FORMATS. `labeling.apps` imports this."""

from labeling.imports.readers import coco, label_studio, ndjson, parquet, tables

__all__ = ["coco", "label_studio", "ndjson", "parquet", "tables"]
