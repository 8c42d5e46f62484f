"""The parts of the column engine, each against a plain oracle."""
