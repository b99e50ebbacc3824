"""The demo: one organization, real data, simulated stores and people, and the whole loop played through it."""
