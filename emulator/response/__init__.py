"""Response: what Endpoint Agent does against what was found on a device."""
