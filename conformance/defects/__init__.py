"""The seeded defects, a file for each part of the catalogue; a further file is found by itself."""
