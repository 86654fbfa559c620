"""The loops that make loads, whatever library or sockets carry their requests."""
