"""The formats that files may come in: a module each, which adds its Reader to FORMATS. `labeling.apps` imports this."""
