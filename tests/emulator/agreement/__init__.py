"""The columns and the plain agent live the same worlds: what they tell of it must be equal."""
