"""The emulated Endpoint Agents and the time they live in; ports say what an agent asks of a server."""
