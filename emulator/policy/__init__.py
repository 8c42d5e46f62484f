"""What an operator sets: settings groups, policies on administration groups, and what reaches a device of it."""
