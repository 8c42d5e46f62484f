"""Threat response: what Endpoint Agent does about threats, as rules without a device."""
